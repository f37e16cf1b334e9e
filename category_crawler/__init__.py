"""Crawls one Amazon category as seen from one postcode.

The way in is the spider :mod:`category_crawler.spiders.category`. Around it:

* what is asked for: :mod:`.job`, :mod:`.listing_url`, :mod:`.domain_config`
* what is requested next: :mod:`.planning`
* what a page says: :mod:`.pages`
* what a page adds to the run: :mod:`.crawl`
* what is written: :mod:`.run`
* where the shop delivers to: :mod:`.delivery`
* how Scrapy is used: :mod:`.spiders`, :mod:`.middlewares`, :mod:`.extensions`, :mod:`.commands`
* how Scrapyd runs it: :mod:`.daemon`
* every failure raised on purpose: :mod:`.errors`
"""

__version__ = "0.1.0"
