"""A downloader middleware that pauses all requests when the site sends a challenge."""

from time import monotonic
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from category_crawler.extensions import signals
from category_crawler.extensions.stopping import stopping_of
from category_crawler.middlewares.response import facts_of
from category_crawler.middlewares.retry import announce_pause, without_cookies
from category_crawler.pages import Kind
from category_crawler.pages.block import BLOCKS, CHALLENGES


class BlockPause:
    """Pauses for ``BLOCK_PAUSE`` seconds, then requests the page once more; 0 disables both.

    No request is sent during the pause. Other challenged pages that arrive during it share it.
    If the page is challenged again, it goes to the spider. Challenges are never solved. Every block
    and error page is announced by the signal ``page_blocked``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._pause = crawler.settings.getfloat("BLOCK_PAUSE")
        self._over_at = 0.0
        """End of the latest pause, by the monotonic clock."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:  # noqa: ARG002, Scrapy's signature
        while (seconds := self._over_at - monotonic()) > 0:
            if await stopping_of(self.crawler).stops_within(seconds):
                raise IgnoreRequest("the crawl is stopping")

    def process_response(self, request: Request, response: Response) -> Request | Response:
        kind = facts_of(response).block
        if kind in BLOCKS:
            self.crawler.signals.send_catch_log(signals.page_blocked, request=request, kind=kind)
        if kind not in CHALLENGES or not self._pause or "challenged" in request.meta:
            return response
        self._begin_pause(kind, request)
        return self._once_more(request, kind)

    def _begin_pause(self, kind: Kind, request: Request) -> None:
        now = monotonic()
        if now >= self._over_at:
            self._over_at = now + self._pause
            reason = f"the site answered with {BLOCKS[kind]}"
            listing = request.cb_kwargs.get("listing")
            announce_pause(self.crawler, self._pause, reason, shared=True, listing=listing)

    def _once_more(self, request: Request, kind: Kind) -> Request:
        assert self.crawler.spider is not None
        # This retry is not limited by RETRY_TIMES, but counts as a request.
        retry = get_retry_request(
            request,
            spider=self.crawler.spider,
            reason=str(kind),
            max_retry_times=request.meta.get("retry_times", 0) + 1,
        )
        assert isinstance(retry, Request)
        retry.meta["challenged"] = True
        return without_cookies(retry)
