"""The pace at which all spiders of this machine, or of its cluster, together ask one shop.

``DOWNLOAD_DELAY`` is the shop's, not a run's: eight runs ask no faster than one. Each spider
reserves the next turn of a lane, that is of one shop seen from one exit, and waits for it.
"""
