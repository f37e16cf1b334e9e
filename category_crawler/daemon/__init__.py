"""Our Scrapyd: configured from the home folder, and no slot of it is ever lost.

``scrapy.cfg`` names :func:`.application.application`.
"""
