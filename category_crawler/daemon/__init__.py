"""Scrapyd, configured from the home folder and hardened so that it never loses a slot.

``python -m category_crawler.daemon`` runs :func:`.application.application`. On a node of a cluster
the modules ``cluster_…`` take the place of those without that word: see :mod:`.cluster_poller`.
"""
