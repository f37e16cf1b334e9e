"""A downloader middleware that waits a long while, once, where the site puts a challenge."""

from time import monotonic
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from category_crawler.extensions.stopping import ending_of
from category_crawler.middlewares.response import block_of
from category_crawler.middlewares.retry import announce_pause, without_cookies
from category_crawler.pages import Kind
from category_crawler.pages.block import BLOCKS, CHALLENGES


class BlockPause:
    """One pause of ``BLOCK_PAUSE`` seconds, then one more try of the page; 0 for neither.

    Nothing is asked while it lasts, and pages that were on their way and come back challenged
    share it. A page challenged again is the spider's to judge. No challenge is solved.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._pause = crawler.settings.getfloat("BLOCK_PAUSE")
        self._over_at = 0.0
        """When the latest pause is over, by the monotonic clock."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:  # noqa: ARG002, Scrapy's signature
        while (seconds := self._over_at - monotonic()) > 0:
            if await ending_of(self.crawler).begins_within(seconds):
                raise IgnoreRequest("the crawl is ending")

    def process_response(self, request: Request, response: Response) -> Request | Response:
        kind = block_of(response)
        if kind not in CHALLENGES or not self._pause or "challenged" in request.meta:
            return response
        self._begin_pause(kind)
        return self._once_more(request, kind)

    def _begin_pause(self, kind: Kind) -> None:
        now = monotonic()
        if now >= self._over_at:
            self._over_at = now + self._pause
            reason = f"the site answered with {BLOCKS[kind]}"
            announce_pause(self.crawler, self._pause, reason, shared=True)

    def _once_more(self, request: Request, kind: Kind) -> Request:
        assert self.crawler.spider is not None
        # This try is not one of RETRY_TIMES, and counts as a request all the same.
        retry = get_retry_request(
            request,
            spider=self.crawler.spider,
            reason=str(kind),
            max_retry_times=request.meta.get("retry_times", 0) + 1,
        )
        assert isinstance(retry, Request)
        retry.meta["challenged"] = True
        return without_cookies(retry)
