"""Downloader middlewares: bodies decompressed, tries repeated, redirects followed."""

from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.response import response_status_message
from tldextract import TLDExtract

from category_crawler.extensions import signals
from category_crawler.extensions.stopping import ending_of
from category_crawler.middlewares.response import (
    block_of,
    damage_of,
)
from category_crawler.pages import Kind
from category_crawler.pages.block import CHALLENGES

# Scrapy asks tldextract whether a cookie's domain is a public suffix; the first question would
# download the list of suffixes while everything waits. The list that comes with it is enough.
cookies._split_domain = TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
)


class DamagedAnswer(Exception):
    """Raised if an answer still comes damaged after all tries; its text says how."""


class GrowingPauses(RetryMiddleware):
    """Scrapy's retries with a pause before each, doubled each time, ``Retry-After`` honoured.

    An error page that comes with status 200 and a page that comes damaged are tried again as
    well. Settings: ``RETRY_TIMES``, and in seconds ``RETRY_PAUSE``, ``RETRY_PAUSE_MAX``,
    ``RETRY_AFTER_MAX`` (a site that asks for a longer wait is not asked again) and
    ``RETRY_BUDGET``, for which the site may go without one good answer.
    """

    first_pause: float
    longest_pause: float
    longest_retry_after: float
    budget: float
    _trouble_since: float | None = None
    """When the first trouble after the latest good answer came, by the monotonic clock."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = super().from_crawler(crawler)
        middleware.first_pause = crawler.settings.getfloat("RETRY_PAUSE")
        middleware.longest_pause = crawler.settings.getfloat("RETRY_PAUSE_MAX")
        middleware.longest_retry_after = crawler.settings.getfloat("RETRY_AFTER_MAX")
        middleware.budget = crawler.settings.getfloat("RETRY_BUDGET")
        return middleware

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        if block_of(response) in CHALLENGES:
            return response
        if reason := self._passing_trouble(response):
            return await self._after_pause(request, reason, _retry_after(response)) or response
        if damage := damage_of(response):
            if retry := await self._after_pause(request, damage):
                return retry
            raise DamagedAnswer(damage)
        self._trouble_since = None
        return response

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | None:
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        return await self._after_pause(request, type(exception).__name__)

    def _passing_trouble(self, response: Response) -> str | None:
        if response.status in self.retry_http_codes:
            return response_status_message(response.status)
        return "error page" if block_of(response) is Kind.ERROR else None

    async def _after_pause(
        self, request: Request, reason: str, asked_for: float = 0.0
    ) -> Request | None:
        """The request for one more try, after the pause before it; None where there is none."""
        if asked_for > self.longest_retry_after:
            return None
        retry = self._retry(request, reason)
        if retry is None:
            return None
        grown = self.first_pause * 2 ** (retry.meta["retry_times"] - 1)
        seconds = max(min(grown, self.longest_pause), asked_for)
        if self._is_spent_after(seconds):
            return None
        announce_pause(self.crawler, seconds, reason)
        if await ending_of(self.crawler).begins_within(seconds):
            raise IgnoreRequest("the crawl is ending")
        return without_cookies(retry)

    def _is_spent_after(self, seconds: float) -> bool:
        """Whether the budget does not last for a pause of these seconds."""
        if self._trouble_since is None:
            self._trouble_since = monotonic()
        return monotonic() + seconds - self._trouble_since > self.budget


def announce_pause(crawler: Crawler, seconds: float, reason: str, *, shared: bool = False) -> None:
    """Say that a request, or with ``shared`` any, is made only after these seconds."""
    crawler.signals.send_catch_log(
        signals.pause_started,
        spider=crawler.spider,
        seconds=seconds,
        reason=reason,
        shared=shared,
    )


def without_cookies(retry: Request) -> Request:
    """The request with the cookie jar's cookies only: the site may have changed them since."""
    retry.cookies = {}
    return retry


def _retry_after(response: Response) -> float:
    """Seconds that the site asks to wait, 0 where it does not."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return 0.0
