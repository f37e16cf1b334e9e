"""Crawls one Amazon category as seen from one postcode.

Start reading at the spider :mod:`category_crawler.spiders.category`. The packages around it:

* :mod:`.job`, :mod:`.listing_url`, :mod:`.domain_config`: what a user asks for
* :mod:`.planning`: which page to request next
* :mod:`.pages`: reads HTML
* :mod:`.crawl`: checks a page and adds it to the run
* :mod:`.run`: a run's files
* :mod:`.delivery`: sets the shop's delivery location
* :mod:`.spiders`, :mod:`.middlewares`, :mod:`.extensions`, :mod:`.commands`: the Scrapy project
* :mod:`.daemon`: Scrapyd
* :mod:`.errors`: every error raised on purpose
"""

__version__ = "0.1.0"
