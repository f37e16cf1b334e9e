"""Downloader middlewares: tries that are repeated, redirects that are followed."""

from email.utils import parsedate_to_datetime
from time import time
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.response import response_status_message
from tldextract import TLDExtract

from category_crawler import signals
from category_crawler.answer import headers_of, redirect_target, stays_in_listings
from category_crawler.ending import ending_of
from category_crawler.pages import Kind
from category_crawler.pages.block import read_block

# Scrapy asks tldextract whether a cookie's domain is a public suffix; the first question would
# download the list of suffixes while everything waits. The list that comes with it is enough.
cookies._split_domain = TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
)


class GrowingPauses(RetryMiddleware):
    """Scrapy's retries with a pause before each, doubled each time, ``Retry-After`` honoured.

    An error page that comes with status 200 is tried again as well. Settings: ``RETRY_TIMES``,
    and in seconds ``RETRY_PAUSE``, ``RETRY_PAUSE_MAX`` and ``RETRY_AFTER_MAX``: a site that asks
    for a longer wait is not asked again.
    """

    first_pause: float
    longest_pause: float
    longest_retry_after: float

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = super().from_crawler(crawler)
        middleware.first_pause = crawler.settings.getfloat("RETRY_PAUSE")
        middleware.longest_pause = crawler.settings.getfloat("RETRY_PAUSE_MAX")
        middleware.longest_retry_after = crawler.settings.getfloat("RETRY_AFTER_MAX")
        return middleware

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        reason = self._passing_trouble(response)
        asked_for = _retry_after(response)
        if reason is None or asked_for > self.longest_retry_after:
            return response
        retry = self._retry(request, reason)
        return await self._after_pause(retry, reason, asked_for) if retry else response

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | None:
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        retry = self._retry(request, exception)
        return await self._after_pause(retry, type(exception).__name__, 0.0) if retry else None

    def _passing_trouble(self, response: Response) -> str | None:
        if response.status in self.retry_http_codes:
            return response_status_message(response.status)
        kind = read_block(response.body, response.status, headers_of(response))
        return "error page" if kind is Kind.ERROR else None

    async def _after_pause(self, retry: Request, reason: str, at_least: float) -> Request:
        grown = self.first_pause * 2 ** (retry.meta["retry_times"] - 1)
        seconds = max(min(grown, self.longest_pause), at_least)
        self.crawler.signals.send_catch_log(
            signals.pause_started, spider=self.crawler.spider, seconds=seconds, reason=reason
        )
        if await ending_of(self.crawler).begins_within(seconds):
            raise IgnoreRequest("the crawl is ending")
        # The cookie jar has them by now, and the site may have changed them since.
        retry.cookies = {}
        return retry


class ListingRedirects(RedirectMiddleware):
    """Follows redirects from listing to listing on one host; others are the spider's to judge."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        target = redirect_target(response)
        if target is None or not stays_in_listings(request.url, target):
            return response
        followed: Request | Response = super().process_response(request, response)
        return followed


def _retry_after(response: Response) -> float:
    """Seconds that the site asks to wait, 0 where it does not."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return 0.0
