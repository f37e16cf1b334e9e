"""Crawls one Amazon category as seen from one postcode.

The way in is the spider :mod:`category_crawler.spiders.category`. Around it:

* what is asked for: :mod:`.job`, :mod:`.listing_url`, :mod:`.domain_config`
* what is requested next: :mod:`.plan`, over the slices of :mod:`.partition`
* what a page says: :mod:`.pages`
* what is written: :mod:`.run`
* where the goods would be sent: :mod:`.delivery`
* every failure raised on purpose: :mod:`.errors`
"""

__version__ = "0.1.0"
