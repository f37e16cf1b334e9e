"""The download handler of the crawler's HTTP requests, which waits for its turn."""

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response

from category_crawler.pace.turns import Turns


class PacedHandler(HTTP11DownloadHandler):
    """Scrapy's handler, which sends each request at its turn: retries and robots.txt as well."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns = Turns(crawler)

    async def download_request(self, request: Request) -> Response:
        await self._turns.wait(request)
        return await super().download_request(request)
