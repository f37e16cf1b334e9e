"""Retries failed requests, with exponential backoff."""

import logging
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.response import response_status_message
from tldextract import TLDExtract

from category_crawler.extensions import signals
from category_crawler.extensions.stopping import stopping_of
from category_crawler.listing_url import ListingURL
from category_crawler.middlewares.response import (
    GARBLED,
    damage_of,
    facts_of,
    is_garbled_again,
)
from category_crawler.pages import Kind
from category_crawler.pages.block import CHALLENGES
from category_crawler.times import in_words

logger = logging.getLogger(__name__)

# Scrapy asks tldextract whether a cookie's domain is a public suffix. By default the first call
# downloads the list and blocks the reactor; the list in the package is enough.
cookies._split_domain = TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
)


class DamagedAnswer(Exception):
    """Raised if a response is still damaged after all retries; its text says how."""


class BackoffRetry(RetryMiddleware):
    """Scrapy's retry middleware with a growing pause before each retry.

    It also retries damaged pages and error pages with status 200, and honours ``Retry-After``.

    Settings: ``RETRY_TIMES``, and in seconds

    * ``RETRY_PAUSE``: the first pause, doubled each time up to ``RETRY_PAUSE_MAX``
    * ``RETRY_AFTER_MAX``: no retry if the site asks for a longer wait
    * ``RETRY_BUDGET``: no retry if the site has sent no good response for so long
    """

    first_pause: float
    longest_pause: float
    longest_retry_after: float
    budget: float
    _failing_since: float | None = None
    """Time of the first failure since the latest good response, by the monotonic clock."""

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
        if facts_of(response).block in CHALLENGES:
            return response
        if reason := self._temporary_error(response):
            return await self._after_pause(request, reason, _retry_after(response)) or response
        if damage := damage_of(response):
            if is_garbled_again(response, request.meta.get("retry_times", 0)):
                self._failing_since = None
                return response.replace(flags=[*response.flags, GARBLED])
            if retry := await self._after_pause(request, damage):
                return retry
            raise DamagedAnswer(damage)
        self._failing_since = None
        return response

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | None:
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        if self._failing_since is None:
            self._say_how_long(request, exception)
        return await self._after_pause(request, type(exception).__name__)

    def _temporary_error(self, response: Response) -> str | None:
        if response.status in self.retry_http_codes:
            return response_status_message(response.status)
        return "error page" if facts_of(response).block is Kind.ERROR else None

    async def _after_pause(
        self, request: Request, reason: str, asked_for: float = 0.0
    ) -> Request | None:
        """Pause, then return the retry; None if there is none. ``asked_for`` is Retry-After."""
        if asked_for > self.longest_retry_after:
            return None
        retry = self._retry(request, reason)
        if retry is None:
            return None
        grown = self.first_pause * 2 ** (retry.meta["retry_times"] - 1)
        seconds = max(min(grown, self.longest_pause), asked_for)
        if self._exceeds_budget(seconds):
            return None
        announce_pause(self.crawler, seconds, reason, listing=request.cb_kwargs.get("listing"))
        if await stopping_of(self.crawler).stops_within(seconds):
            raise IgnoreRequest("the crawl is stopping")
        return without_cookies(retry)

    def _say_how_long(self, request: Request, exception: Exception) -> None:
        """Say at once what is tried and for how long: the pauses alone may take ten minutes."""
        tries = max(0, self.max_retry_times - request.meta.get("retry_times", 0))
        pauses = sum(min(self.first_pause * 2**n, self.longest_pause) for n in range(tries))
        logger.warning(
            "%s gives no answer (%s). It is asked %d more times, with pauses of %s in all",
            urlsplit(request.url).netloc,
            type(exception).__name__,
            tries,
            in_words(min(pauses, self.budget)),
        )

    def _exceeds_budget(self, seconds: float) -> bool:
        """Whether a pause of these seconds would exceed the retry budget."""
        if self._failing_since is None:
            self._failing_since = monotonic()
        return monotonic() + seconds - self._failing_since > self.budget


def announce_pause(
    crawler: Crawler,
    seconds: float,
    reason: str,
    *,
    shared: bool = False,
    listing: ListingURL | None = None,
) -> None:
    """Send the signal ``pause_started``; ``shared`` means that every request waits."""
    crawler.signals.send_catch_log(
        signals.pause_started,
        spider=crawler.spider,
        seconds=seconds,
        reason=reason,
        shared=shared,
        listing=listing,
    )


def without_cookies(retry: Request) -> Request:
    """The request without cookies of its own, so that the jar's newer ones are sent."""
    retry.cookies = {}
    return retry


def _retry_after(response: Response) -> float:
    """Seconds of the ``Retry-After`` header; 0 without a valid one."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return 0.0
