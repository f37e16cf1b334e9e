"""The download handler of delivery jobs, whose pages are loaded by a browser at their turn."""

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from category_crawler.pace.turns import Turns


class PacedBrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """scrapy-playwright's handler, which sends each request at its turn.

    What the page then loads by itself is counted by :meth:`.spiders.delivery.DeliverySpider.count`.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns = Turns(crawler)

    async def download_request(self, request: Request) -> Response:
        await self._turns.wait(request)
        response: Response = await super().download_request(request)
        return response
