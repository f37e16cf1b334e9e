"""A Scrapy spider that asks for pages and reads nothing; run by ``scrapy runspider``."""

from collections.abc import AsyncIterator

from scrapy import Request, Spider
from scrapy.http import Response


class EmptySpider(Spider):
    """Asks for ``pages`` pages of the listing at ``url``."""

    name = "empty"

    def __init__(self, url: str, pages: str) -> None:
        super().__init__()
        self._url, self._pages = url, int(pages)

    async def start(self) -> AsyncIterator[Request]:
        for page in range(1, self._pages + 1):
            yield Request(f"{self._url}&page={page}")

    def parse(self, response: Response) -> None:
        """Nothing."""
