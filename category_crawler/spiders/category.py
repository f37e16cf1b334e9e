"""The spider ``category``: requests the listings of one category and yields its products.

``scrapy crawl category -a category_url=… [-a postcode=4500] …`` takes the fields of
:class:`~category_crawler.job.CategoryJob`, and:

* ``-a run=PATH``: the run's folder below ``results/``; default ``local/<node>-<time>``
* ``-a resume=PATH``: continue a run that is not done
* ``-a continue_from=PATH``: start a new run with the finished pages of another

A Scrapyd job is one attempt at its run and continues what an earlier attempt left.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.http import Response
from twisted.python.failure import Failure

from category_crawler.crawl.category_crawl import CategoryCrawl, has_begun
from category_crawler.delivery.renewal import renew
from category_crawler.delivery.session import DeliverySession
from category_crawler.errors import (
    CrawlError,
    CrawlStopped,
    InvalidJob,
    LocationLost,
    NotAListing,
    TooLarge,
    UnreadablePage,
)
from category_crawler.extensions import signals
from category_crawler.items import Product
from category_crawler.job import FundedJob
from category_crawler.listing_url import ListingURL
from category_crawler.middlewares.decompression import too_large
from category_crawler.middlewares.response import GARBLED
from category_crawler.pages import Kind, Page
from category_crawler.planning.partition import Effort
from category_crawler.planning.plan import Limits
from category_crawler.run.journal import UNREADABLE, PageRecord
from category_crawler.run.records import Coverage
from category_crawler.spiders.listing_request import accept_language, error_of, read_answer
from category_crawler.spiders.stopping_spider import StoppingSpider

_FIELDS = tuple(FundedJob.model_fields)
"""Arguments that are fields of the job; the others name runs."""


class CategorySpider(StoppingSpider):
    """Requests the pages that the plan wants, as many at a time as the settings allow."""

    name = "category"
    known_arguments = (*_FIELDS, "run", "resume", "continue_from")
    own_extensions: ClassVar = {
        "category_crawler.extensions.run_end.RunEnd": 200,
        "category_crawler.extensions.run_progress.RunProgress": 300,
        "category_crawler.extensions.run_log.RunLog": 350,
        "category_crawler.extensions.progress_bar.ProgressBar": 400,
    }

    def __init__(
        self,
        run: str = "",
        resume: str = "",
        continue_from: str = "",
        _job: str = "",
        **arguments: str,
    ) -> None:
        super().__init__()
        self.run, self.job = run or resume, _job
        self._resume, self._earlier, self._arguments = resume, continue_from, arguments
        self.crawl: CategoryCrawl | None = None
        self._jar = 0
        """Number of the session's cookie jar. Each renewed session gets a new jar."""
        self._answered_jar = -1
        """The latest jar that holds cookies from an answer of the site."""
        self._renewed_for: ListingURL | None = None
        self._renewing = asyncio.Lock()
        self._warned: set[str] = set()
        """Warnings already logged."""
        self._asked: set[ListingURL] = set()
        """Pages that have been requested and have not arrived."""

    @property
    def final_message(self) -> str:
        """The message that ``scrapy crawl`` prints when the spider closes."""
        if self.crawl is None:
            return ""
        number = self.crawl.run.kept
        products = "1 product is" if number == 1 else f"{number} products are"
        kept = f"{products} kept in {self.crawl.run.folder}."
        return kept if self.stopping.error else f"{kept} {_in_words(self.crawl.coverage)}"

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, str]) -> None:
        super().check_arguments(arguments)
        fields = {name: value for name, value in arguments.items() if name in _FIELDS}
        run, resume = arguments.get("run", ""), arguments.get("resume", "")
        _check_runs(run, resume, arguments.get("_job", ""), fields)
        if resume:
            CategoryCrawl.check_resume(resume)
        else:
            CategoryCrawl.check_begin(fields)

    async def start(self) -> AsyncIterator[Any]:
        try:
            _check_runs(self.run, self._resume, self.job, self._arguments)
            self.crawl = self._open_crawl()
        except CrawlError as error:
            self.stopping.stop(error)
            return
        self.crawler.signals.connect(
            self.count_request, signal=scrapy_signals.request_reached_downloader
        )
        self.crawler.signals.connect(self.count_block, signal=signals.page_blocked)
        self.crawler.signals.send_catch_log(signals.crawl_opened, crawl=self.crawl)
        self._warn(self.crawl)
        for product in self._kept_before(self.crawl):
            yield product
        await self._renew_old_session(self.crawl)
        for request in self._next(self.crawl):
            yield request

    async def parse_listing(
        self, response: Response, listing: ListingURL
    ) -> AsyncIterator[Product | Request]:
        """Yield a page's new products, already on disk, and the next requests.

        For a page with the wrong delivery location, renew the session and request it again.
        """
        crawl = self.crawl
        if crawl is None or self.stopping.error is not None:
            return
        jar: int = response.meta["cookiejar"]
        products: list[Product] = []
        try:
            products = self._take(crawl, response, listing)
            self._answered_jar = max(self._answered_jar, jar)
        except LocationLost as error:
            if not await self._is_renewed(crawl, listing, jar, error):
                return
        except CrawlStopped as error:
            self.stopping.stop(error)
            return
        self._asked.discard(listing)
        for product in products:
            yield product
        for request in self._next(crawl):
            yield request

    def count_request(self, request: Request) -> None:
        """Count requests for listings; a retry counts too."""
        if self.crawl is not None and request.callback == self.parse_listing:
            self.crawl.requests_made += 1
            self.crawl.retries_made += bool(request.meta.get("retry_times"))

    def count_block(self, request: Request, kind: Kind) -> None:
        """Count answers to those requests that are a block or error page."""
        if self.crawl is not None and request.callback == self.parse_listing:
            self.crawl.blocks_met[kind] += 1

    def fail(self, failure: Failure) -> list[Product | Request]:
        """Stop the crawl because a request failed, unless only one page of it is unreadable."""
        request: Request = failure.request  # type: ignore[attr-defined]
        error = too_large(failure.value, request)
        if error is None or self.crawl is None or self.stopping.error is not None:
            self.stopping.stop(error or error_of(failure, request))
            return []
        return self._go_on_without(self.crawl, request, error)

    def _go_on_without(
        self, crawl: CategoryCrawl, request: Request, error: TooLarge
    ) -> list[Product | Request]:
        """Take an answer that was not read for an unreadable page; return what follows."""
        listing: ListingURL = request.cb_kwargs["listing"]
        try:
            page = Page(Kind.UNKNOWN, message=str(error))
            _, products = self._add(crawl, page, listing, request)
        except CrawlStopped:
            self.stopping.stop(error)
            return []
        self.logger.warning("%s", error)
        self._asked.discard(listing)
        return [*products, *self._next(crawl)]

    def _kept_before(self, crawl: CategoryCrawl) -> Iterator[Product]:
        """For feeds, the rows that an earlier crawl of this run has kept; none without a feed."""
        feeds = self.settings.getdict("FEEDS")
        if not feeds or not crawl.run.kept:
            return iter(())
        if all(map(_is_continued, feeds, feeds.values())):
            self.logger.warning(
                "The %d rows kept before are not added to the feed again: it holds them, if the "
                "earlier crawl wrote to it; use -O for a feed with every row",
                crawl.run.kept,
            )
            return iter(())
        return crawl.run.products()

    def _open_crawl(self) -> CategoryCrawl:
        limits = Limits(
            requests=self.settings.getint("MAX_REQUESTS"),
            audit_pages=self.settings.getint("AUDIT_PAGES"),
            known_plans=self.settings.getbool("KNOWN_PLANS"),
            effort=Effort(
                tries=self.settings.getint("SLICE_TRIES"),
                unpriced_orders=self.settings.getint("UNPRICED_ORDERS"),
            ),
        )
        if self._resume:
            return CategoryCrawl.resume(self._resume, {}, limits)
        if self.job and self.run and has_begun(self.run):
            return CategoryCrawl.resume(self.run, self._arguments, limits)
        return CategoryCrawl.begin(self._arguments, self.run or None, limits, self._earlier or None)

    async def _is_renewed(
        self, crawl: CategoryCrawl, listing: ListingURL, jar: int, lost: LocationLost
    ) -> bool:
        """Renew the session for a page; if that fails, stop the crawl and return False.

        Pages requested together lose the same session: it is renewed once for all of them.
        """
        async with self._renewing:
            if self.stopping.error is not None:
                return False
            return jar < self._jar or await self._renew_lost_session(crawl, listing, lost)

    async def _renew_lost_session(
        self, crawl: CategoryCrawl, listing: ListingURL, lost: LocationLost
    ) -> bool:
        renewals = self.settings.getint("SESSION_RENEWALS")
        if crawl.session is None or self._renewed_for == listing or self._jar >= renewals:
            self.stopping.stop(lost)
            return False
        self._renewed_for = listing
        self.logger.warning("The delivery session is renewed: %s", lost)
        try:
            await self._renew(crawl, crawl.session)
        except CrawlError as error:
            self.stopping.stop(LocationLost(f"{lost}. It could not be renewed: {error}"))
            return False
        return True

    async def _renew_old_session(self, crawl: CategoryCrawl) -> None:
        session = crawl.session
        if session is None or session.age < self.settings.getfloat("SESSION_MAX_AGE"):
            return
        self.logger.info("The delivery session is %.0f h old and is renewed", session.age / 3600)
        try:
            await self._renew(crawl, session)
        except CrawlError as error:
            # The old session may still work: the location is checked on every page.
            self.logger.warning("The delivery session could not be renewed: %s", error)

    async def _renew(self, crawl: CategoryCrawl, session: DeliverySession) -> None:
        seconds = self.settings.getfloat("DELIVERY_TIMEOUT")
        self.crawler.signals.send_catch_log(
            signals.pause_started,
            spider=self,
            seconds=seconds,
            reason="the delivery session is being renewed",
        )
        crawl.session = await self.stopping.unless_stopped(renew(session, seconds))
        self._jar += 1

    def _take(self, crawl: CategoryCrawl, response: Response, listing: ListingURL) -> list[Product]:
        """Read and check a page, write its rows and journal line, and return the rows."""
        page = read_answer(response, crawl.job.marketplace)
        page.is_garbled = GARBLED in response.flags
        assert response.request is not None
        try:
            record, products = self._add(crawl, page, listing, response.request)
        except (UnreadablePage, NotAListing) as error:
            raise type(error)(f"{error}; {crawl.keep_unreadable(response.body)}") from None
        if crawl.plan.needs_second_request(listing):
            self.logger.warning("%s is doubtful: it is requested again", listing)
            self._doubt(crawl, listing, again=True)
        elif record.cards_missed or record.kind == UNREADABLE:
            kept = crawl.keep_unreadable(response.body)
            self.logger.warning("%s could not be read wholly; %s", listing, kept)
            self._doubt(crawl, listing, again=False)
        if crawl.plan.pages_finished == 1 and crawl.plan.listing == listing:
            self._say_how_large(crawl)
        self._warn(crawl)
        return products

    def _add(
        self, crawl: CategoryCrawl, page: Page, listing: ListingURL, request: Request
    ) -> tuple[PageRecord, list[Product]]:
        """Write a page's rows and journal line, and say so. Raises CrawlStopped."""
        requests = request.meta.get("retry_times", 0) + 1
        record, products = crawl.take(page, listing, requests)
        self.crawler.signals.send_catch_log(signals.page_finished, crawl=crawl, record=record)
        return record, products

    def _doubt(self, crawl: CategoryCrawl, listing: ListingURL, *, again: bool) -> None:
        self.crawler.signals.send_catch_log(
            signals.page_doubted, crawl=crawl, listing=listing, again=again
        )

    def _say_how_large(self, crawl: CategoryCrawl) -> None:
        reported = crawl.coverage.reported_total
        products = "no number of" if reported is None else f"{reported:,}"
        self.logger.info(
            "The shop reports %s products; at most %s requests are made (MAX_REQUESTS)",
            *(products, f"{crawl.plan.most_requests:,}"),
        )

    def _warn(self, crawl: CategoryCrawl) -> None:
        for warning in crawl.warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                self.logger.warning(warning)

    def _next(self, crawl: CategoryCrawl) -> list[Request]:
        """Requests for the pages that the plan wants, up to CONCURRENT_REQUESTS_PER_DOMAIN.

        Returned as one list: between two yields other pages arrive and change the plan.
        """
        most = max(1, self.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        new = (listing for listing in crawl.wanted if listing not in self._asked)
        listings = list(islice(new, most - len(self._asked)))
        self._asked.update(listings)
        return [self._request(crawl, listing) for listing in listings]

    def _request(self, crawl: CategoryCrawl, listing: ListingURL) -> Request:
        # The site's answers update the jar; sending the session's cookies again would undo that.
        session = crawl.session if self._answered_jar < self._jar else None
        return Request(
            str(listing),
            callback=self.parse_listing,
            errback=self.fail,
            cb_kwargs={"listing": listing},
            cookies=session.request_cookies if session else None,
            headers={"Accept-Language": accept_language(listing)},
            # The second request for a doubtful page must reach the site, not the HTTP cache.
            meta={"cookiejar": self._jar, "dont_cache": crawl.plan.needs_second_request(listing)},
            dont_filter=True,
        )


def _check_runs(run: str, resume: str, job: str, fields: Mapping[str, str]) -> None:
    """Raise InvalidJob for names of runs that are not the caller's, or do not go with fields."""
    if resume and fields:
        raise InvalidJob(f"resume uses the run's own fields: leave out {sorted(fields)[0]!r}")
    written = run or resume
    if not job and written.partition("/")[0].isdigit():
        raise InvalidJob(
            f"the run {written!r} belongs to a user of the API: runs from the command line have "
            "other names, such as local/mine"
        )


def _in_words(coverage: Coverage) -> str:
    """Whether the list is complete, as a sentence."""
    words: dict[bool | None, str] = {
        True: "The list is complete",
        False: "The list is not complete",
    }
    sentence = f"{words.get(coverage.complete, 'Completeness is not known')}: {coverage.why}."
    audit = coverage.audit
    if audit is None or audit.at_least is None:
        return sentence
    return (
        f"{sentence} An audit of {audit.pages} random page{'s' * (audit.pages != 1)} saw "
        f"{audit.seen} products and knew {audit.known}: at least {audit.at_least:.1%} were found."
    )


def _is_continued(feed: Any, options: Mapping[str, Any]) -> bool:
    """Whether a feed is added to a file that holds something, as with ``-o``."""
    path = Path(str(feed))
    return not options.get("overwrite") and path.is_file() and path.stat().st_size > 0
