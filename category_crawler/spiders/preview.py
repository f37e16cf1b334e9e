"""The spider ``preview``: requests one page of a listing and says what a crawl of it would be like.

``scrapy crawl preview -a category_url=… [-a postcode=4500] …`` takes the fields of
:class:`~category_crawler.job.CategoryJob`. It has the pace, the checks and the delivery session
of a crawl, and keeps nothing. Where a delivery day is asked for, a page more tells its filter.
With ``-a report=NAME`` it writes a :class:`~category_crawler.run.preview_report.PreviewReport`.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from category_crawler.crawl.category_crawl import session_of
from category_crawler.crawl.preview import CategoryPreview
from category_crawler.errors import CrawlError, CrawlStopped
from category_crawler.job import CategoryJob
from category_crawler.listing_url import ListingURL
from category_crawler.middlewares.decompression import too_large
from category_crawler.middlewares.response import GARBLED
from category_crawler.pace.delay import seconds_between
from category_crawler.planning.plan import Limits
from category_crawler.run.preview_report import PreviewReport
from category_crawler.spiders.listing_request import accept_language, error_of, read_answer
from category_crawler.spiders.stopping_spider import StoppingSpider

_FIELDS = tuple(CategoryJob.model_fields)


class PreviewSpider(StoppingSpider):
    """Requests one page and reads it."""

    name = "preview"
    known_arguments = (*_FIELDS, "report")
    own_extensions: ClassVar = {
        "category_crawler.extensions.preview_end.PreviewEnd": 300,
        "category_crawler.extensions.preview_end.PreviewTimeLimit": 400,
    }
    # A user waits for this job and can start it again. Scrapy does not type it as a ClassVar.
    custom_settings = {"BLOCK_PAUSE": 0}  # noqa: RUF012

    def __init__(self, report: str = "", _job: str = "", **arguments: str) -> None:
        super().__init__()
        self.report = report or _job
        self._arguments = arguments
        self._preview: CategoryPreview | None = None
        self.result: PreviewReport | None = None
        """What the page has shown; None until it has been read."""

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, str]) -> None:
        super().check_arguments(arguments)
        given = {name: value for name, value in arguments.items() if name in _FIELDS}
        session_of(CategoryJob.from_arguments(given))

    @property
    def final_message(self) -> str:
        """The message that ``scrapy crawl`` prints when the spider closes."""
        return _in_words(self.result) if self.result else ""

    @property
    def session_version(self) -> str:
        """The version of the delivery session's file; empty without one."""
        session = self._preview.session if self._preview else None
        return session.version if session else ""

    async def start(self) -> AsyncIterator[Any]:
        limits = Limits(
            requests=self.settings.getint("MAX_REQUESTS"),
            audit_pages=self.settings.getint("AUDIT_PAGES"),
        )
        try:
            preview = CategoryPreview.begin(self._arguments, limits)
        except CrawlError as error:
            self.stopping.stop(error)
            return
        self._preview, session = preview, preview.session
        # The site's answers update the cookies; sending these again would undo that.
        yield self._request(preview.wanted, session.request_cookies if session else None)

    def read_page(self, response: Response, listing: ListingURL) -> Iterator[Request]:
        """Read the page, or yield the request for the next one if it only told a filter."""
        preview = self._preview
        assert preview is not None
        assert response.request is not None
        requests = response.request.meta.get("retry_times", 0) + 1
        try:
            page = read_answer(response, listing.marketplace)
            page.is_garbled = GARBLED in response.flags
            preview.take(page, listing, requests)
        except CrawlStopped as error:
            self.stopping.stop(error)
            return
        if preview.is_over:
            self.result = preview.report(
                seconds_between(listing.marketplace.host),
                float(response.meta.get("download_latency", 0)),
            )
        else:
            yield self._request(preview.wanted)

    def fail(self, failure: Failure) -> None:
        """Stop because a request failed."""
        request: Request = failure.request  # type: ignore[attr-defined]
        self.stopping.stop(too_large(failure.value, request) or error_of(failure, request))

    def _request(self, listing: ListingURL, cookies: list[Any] | None = None) -> Request:
        return Request(
            str(listing),
            callback=self.read_page,
            errback=self.fail,
            cb_kwargs={"listing": listing},
            cookies=cookies,
            headers={"Accept-Language": accept_language(listing)},
            meta={"cookiejar": 0, "dont_cache": True},
            dont_filter=True,
        )


def _in_words(report: PreviewReport) -> str:
    if report.problem:
        return f"A crawl would fail: {report.problem}."
    total = report.reported_total
    products = "no number of" if total is None else f"{total:,}"
    return f"The shop reports {products} products; a crawl takes about {report.requests} requests."
