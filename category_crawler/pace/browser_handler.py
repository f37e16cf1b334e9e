"""The download handler of delivery jobs, whose pages are loaded by a browser at their turn."""

from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from category_crawler.pace.handler import PacedHandler


class PacedBrowserHandler(PacedHandler, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """The paced handler, above scrapy-playwright's in place of Scrapy's, from which that comes.

    What the page then loads by itself is counted by :meth:`.spiders.delivery.DeliverySpider.count`.
    """
