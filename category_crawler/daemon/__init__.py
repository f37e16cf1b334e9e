"""Scrapyd, configured from the home folder and hardened so that it never loses a slot.

``scrapy.cfg`` names :func:`.application.application`.
"""
