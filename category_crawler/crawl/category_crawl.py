"""One crawl of a category: takes pages, writes their rows, and reports progress and coverage."""

import gzip
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Self

from category_crawler.crawl.earlier_plan import known_plan, leave_plan
from category_crawler.crawl.page_checks import PageRequest, check_page, learn_delivery_day
from category_crawler.crawl.page_record import Counts, is_inside, page_record
from category_crawler.crawl.warnings import warnings_of
from category_crawler.delivery.session import DeliverySession
from category_crawler.errors import (
    CrawlError,
    FilterNotApplied,
    NodeNotApplied,
    NotAListing,
    RunError,
    UnreadablePage,
)
from category_crawler.files.atomic_write import write_whole
from category_crawler.files.home import results_folder
from category_crawler.files.record_file import read_record
from category_crawler.items import Product
from category_crawler.job import CategoryJob, FundedJob
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind, Page
from category_crawler.planning.plan import Limits, Plan, pages_to_limit
from category_crawler.run.attempt_folder import run_path
from category_crawler.run.events import Event, EventKind
from category_crawler.run.journal import NOT_APPLIED, TOO_WIDE, UNREADABLE, PageRecord
from category_crawler.run.reader import JOB, RunFolder
from category_crawler.run.records import Coverage, NoCoverage, Progress, Summary, Traffic
from category_crawler.run.writer import Run, write_failed_start
from category_crawler.times import utc_now
from category_crawler.typed_command import typed

logger = logging.getLogger(__name__)

UNREADABLE_FILE = "unreadable.html.gz"
"""File in the run's folder: the page that the readers did not understand."""
_MOST_UNREADABLE = 6
"""Unreadable answers in a row that end the crawl: three pages, each requested twice."""


class CategoryCrawl:
    """A job, its run on disk, and the plan that leads from one to the other."""

    def __init__(
        self,
        job: FundedJob,
        run: Run,
        session: DeliverySession | None,
        limits: Limits,
        continued: Path | None = None,
    ) -> None:
        """``continued``: the folder of the run whose finished pages were copied into this one."""
        self.job = job
        self.run = run
        self.session = session
        known = known_plan(job, run, continued) if limits.known_plans and job.whole else None
        self.plan = Plan(job, run.finished_pages(), limits, known)
        self.started_at = utc_now()
        self._began = monotonic()
        self._pages_before = self.plan.pages_finished
        self._unreadable: list[PageRecord] = []
        """The latest pages, if none of them could be read; not in the journal yet."""
        self._is_cut = False
        """Whether the limit was reached inside a page, so that some of its products are no rows."""
        self.requests_made = self.plan.requests
        """Listing requests so far, including unanswered ones; the spider counts them."""
        self._requests_before = self.plan.requests
        self.retries_made = 0
        """Requests of this attempt that ask for a page again; the spider counts them."""
        self.blocks_met: Counter[Kind] = Counter()
        """Block and error pages that this attempt was sent; the spider counts them."""

    @classmethod
    def begin(
        cls, arguments: dict[str, str], run: str | None, limits: Limits, earlier: str | None = None
    ) -> Self:
        """Start a crawl in the new folder ``run`` below ``results/``.

        It starts with the finished pages of the ``earlier`` run, which stays unchanged. Raises
        InvalidJob, SessionError or RunError, before any request.
        """
        job = FundedJob.from_arguments(arguments)
        session = session_of(job)
        folder = run or f"local/{job.amazon_node_id}-{utc_now().replace(':', '')}"
        continued = _below_results(earlier) if earlier else None
        if continued is not None and _is_of_another_job(continued, _below_results(folder), job):
            logger.warning("%s has pages of another job: they are crawled anew", earlier)
            continued = None
        made = Run.create(_below_results(folder), job.model_dump(), continued)
        return cls(job, made, session, limits, continued)

    @classmethod
    def resume(cls, run: str, arguments: dict[str, str], limits: Limits) -> Self:
        """Continue the crawl in ``results/<run>``, which is not done.

        ``arguments`` are the job's fields; empty means those in the run's ``job.json``. If the two
        ask for different products, the finished pages are renamed and crawled again. Raises as
        :meth:`begin`.
        """
        folder = _below_results(run)
        stored = read_record(folder / JOB, FundedJob)
        job = FundedJob.from_arguments(arguments) if arguments else stored
        if job is None:
            raise _no_job(run, folder)
        if stored is not None and _finds_the_same(job, stored):
            opened = Run.resume(folder)
        else:
            opened = Run.resume(folder, job.model_dump(), anew=stored is not None)
        return cls(job, opened, session_of(job), limits)

    @classmethod
    def check_begin(cls, arguments: dict[str, str]) -> None:
        """Raise what :meth:`begin` would raise about the arguments; nothing is written."""
        session_of(FundedJob.from_arguments(arguments))

    @classmethod
    def check_resume(cls, run: str) -> None:
        """Raise what :meth:`resume` would raise about the stored job; nothing is written."""
        folder = _below_results(run)
        job = read_record(folder / JOB, FundedJob)
        if job is None:
            raise _no_job(run, folder)
        session_of(job)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to request."""
        return self._is_full or self.plan.is_over

    @property
    def wanted(self) -> Iterator[ListingURL]:
        """The listing pages to request; none once the crawl is over."""
        return iter(()) if self._is_full else self.plan.wanted

    @property
    def warnings(self) -> list[str]:
        """What the user should know although the crawl works."""
        return warnings_of(self.job, self.plan)

    def take(
        self, page: Page, listing: ListingURL, requests: int
    ) -> tuple[PageRecord, list[Product]]:
        """Write a page's new rows and then its journal line; return both.

        ``requests`` is the number of requests for the page. Raises CrawlStopped, and writes
        nothing, if the page is not what the job asked for. If the site ignored only a filter that
        the plan added to make a slice, or the page could not be read, it is recorded without rows,
        and the plan looks for those products in another way. Several unreadable pages in a row end
        the crawl; they are not in the journal, so a resumed run requests them again.
        """
        refused = self._refused_as(page, listing)
        if refused:
            page = Page(page.kind)
        learned = self._learned(page)
        with self.run.whole_page():
            products = self._new_rows(page, listing)
            self.run.keep(products)
            counts = Counts(len(products), requests, self.run.offset)
            record = page_record(page, listing, counts, self.plan.listing.price)
            record = replace(
                record,
                kind=refused or page.kind,
                delivery_day=learned,
                node_name=self._new_name(page),
            )
            self._unreadable.append(record)
            self.plan.add(record)
            if refused != UNREADABLE or self.is_over:
                self._finish_pages()
            return record, [*products, *self._advertised_only()]

    def _finish_pages(self) -> None:
        """Write the journal lines of the latest page and of unreadable pages before it."""
        for record in self._unreadable:
            self.run.finish_page(record)
        self._unreadable.clear()

    def keep_unreadable(self, body: bytes) -> str:
        """Keep a page for the maintainer; return where it is, in words."""
        try:
            # The page may hold session data, so only the owner may read it.
            write_whole(self.run.folder / UNREADABLE_FILE, [gzip.compress(body)], mode=0o600)
        except OSError as error:
            return f"the page could not be kept ({error.strerror})"
        return f"the page is kept as {UNREADABLE_FILE} for {typed('pages')}"

    def _new_rows(self, page: Page, listing: ListingURL) -> list[Product]:
        if not self.plan.keeps_rows(str(listing.with_page(1))):
            return []
        _stamp(page, listing.page if listing.with_page(1) == self.plan.listing else None)
        inside = [
            p
            for p in page.products
            if is_inside(p, self.job.marketplace.currency, self.plan.listing.price)
        ]
        if self.job.include_sponsored:
            self.run.keep_advertisements(p for p in inside if p.sponsored)
        organic = [p for p in inside if not p.sponsored]
        products = self.run.claim(organic, self.job.limit)
        self._is_cut |= any(p.asin not in self.run.asins for p in organic)
        return products

    def _advertised_only(self) -> list[Product]:
        """Products seen only as advertisements, if the job includes them; empty until the end."""
        if not self.is_over:
            return []
        products = self.run.claim(self.run.advertisements(), self.job.limit)
        self.run.keep(products)
        return products

    @property
    def coverage(self) -> Coverage:
        """How complete the rows kept so far are."""
        coverage = self.plan.coverage(self.run.kept, self.run.kept_without_price)
        if self._is_full and (self._is_cut or not self.plan.is_over):
            return replace(coverage, complete=False, why=self._why_full)
        if self.plan.stopped:
            return replace(coverage, complete=False, why=self.plan.stopped)
        return coverage

    def draw(self) -> None:
        """Write how the category was divided by price. Raises StorageFailed."""
        self.run.draw(self.plan.price_axis)

    def note(
        self,
        kind: EventKind,
        reason: str = "",
        seconds: float | None = None,
        listing: ListingURL | None = None,
    ) -> None:
        """Write what has happened, with the page that it is about."""
        is_slice = listing is not None and listing.price != self.plan.listing.price
        low, high = listing.price if listing is not None and is_slice else (None, None)
        self.run.note(
            Event(
                at=utc_now(),
                kind=kind,
                page=None if listing is None else listing.page,
                low_cents=low,
                high_cents=high,
                seconds=None if seconds is None else round(seconds, 1),
                pages=self.plan.pages_finished,
                reason=Event.reason_of(reason),
            )
        )

    def leave_plan(self) -> None:
        """Write what the next run of this list can begin with, if this one has come to its end."""
        if not self.plan.is_over:
            return
        prices = () if self.plan.foreign else self.run.prices
        complete = self.coverage.complete is True
        plan = self.plan.for_next(
            prices, self.run.kept_without_price, utc_now(), is_complete=complete
        )
        leave_plan(self.run, plan)

    @property
    def progress(self) -> Progress:
        """How far the crawl has come."""
        latest, total_pages = self.plan.latest, self.total_pages
        return Progress(
            current_page=latest.page if latest else 0,
            current_listing=latest.listing if latest else None,
            total_pages=total_pages,
            total_pages_is_estimate=True,
            products_found=self.run.kept,
            pages_finished=self.plan.pages_finished,
            coverage=self.coverage,
            warnings=self.warnings,
            node_name=self.plan.node_name,
            traffic=self.traffic,
            started_at=self.started_at,
            updated_at=utc_now(),
            seconds_left=self._seconds_left(total_pages),
        )

    @property
    def traffic(self) -> Traffic:
        """What the run has asked of its shop so far, earlier attempts included."""
        own = Traffic(
            pages=self.plan.pages_finished - self._pages_before,
            requests=self.requests_made - self._requests_before,
            retries=self.retries_made,
            blocks=dict(self.blocks_met),
        )
        return self.run.earlier_traffic.plus(own)

    @property
    def total_pages(self) -> int | None:
        """An estimate of all pages up to the job's limit; None before the first page."""
        finished, total = self.plan.pages_finished, self.plan.total_pages
        if self._is_full:
            return finished
        if total is None:
            return None
        return pages_to_limit(total, self.job.limit, self.run.kept, finished)

    def _seconds_left(self, total_pages: int | None) -> float | None:
        """At the pace of this attempt; None before its first page."""
        finished = self.plan.pages_finished
        new = finished - self._pages_before
        if total_pages is None or new <= 0:
            return None
        return round((total_pages - finished) * (monotonic() - self._began) / new)

    @property
    def _is_full(self) -> bool:
        limit = self.job.limit
        return limit is not None and len(self.run.asins) >= limit

    @property
    def _why_full(self) -> str:
        if self.job.limit == self.job.max_products:
            return f"the run stopped at max_products {self.job.max_products}"
        if self.job.limited_by == "products_a_day":
            return (
                f"the run stopped at {self.job.limit} products, which its user's limit of products "
                "a day has left for it"
            )
        return f"the run stopped at {self.job.limit} products, which its credits pay for"

    def _new_name(self, page: Page) -> str | None:
        """The requested node's name, if this page is the first that shows it."""
        is_known = self.plan.node_name is not None
        return None if is_known or page.node_applied != self.plan.listing.node else page.node_name

    def _refused_as(self, page: Page, listing: ListingURL) -> str | None:
        """NOT_APPLIED, TOO_WIDE or UNREADABLE if the page is not what the plan wanted, else None.

        Raises CrawlStopped if it is not what the job asked for.
        """
        try:
            postcode = self.session.postcode if self.session else None
            most_have_prices = self.run.kept_without_price * 2 < self.run.kept
            is_slice = listing.price != self.plan.listing.price
            check_page(
                page,
                PageRequest(listing, postcode, self.requests_made, most_have_prices, is_slice),
            )
        except (FilterNotApplied, NodeNotApplied):
            if self.plan.learning or listing.with_page(1) == self.plan.listing:
                raise
            return NOT_APPLIED
        except (NotAListing, UnreadablePage):
            if not self._may_be_odd(listing):
                raise
            return UNREADABLE
        return TOO_WIDE if self.plan.is_too_wide(str(listing.with_page(1)), page.total) else None

    def _may_be_odd(self, listing: ListingURL) -> bool:
        """Whether an unreadable page may be an exception: the crawl goes on without it.

        It may not be if it is the first of all and was requested twice, or one of several.
        """
        if self.plan.learning or len(self._unreadable) + 1 >= _MOST_UNREADABLE:
            return False
        return listing != self.plan.listing or not self.plan.needs_second_request(listing)

    def _learned(self, page: Page) -> str | None:
        """The filter value of the delivery day, if this page was requested to learn it."""
        day = self.job.delivery_day
        if day is None or not self.plan.learning or page.kind != "listing":
            return None
        return learn_delivery_day(page.filters_offered, day)


def session_of(job: CategoryJob) -> DeliverySession | None:
    """The session that a job names, None without a postcode. Raises SessionError."""
    if job.postcode is None:
        return None
    postcode = job.marketplace.postcode(job.postcode)
    assert postcode is not None
    return DeliverySession.load(job.domain, postcode)


def record_failed_start(run: str, error: CrawlError) -> None:
    """Write to ``results/<run>`` why a crawl could not start. Raises RunError or OSError."""
    folder, now = _below_results(run), utc_now()
    summary = Summary(
        stage="failed",
        failed_reason=error.reason,
        failed_message=str(error),
        asin_count=RunFolder(folder).kept,
        coverage=NoCoverage(why=str(error)),
        started_at=now,
        finished_at=now,
    )
    write_failed_start(folder, summary)


def has_begun(run: str) -> bool:
    """Whether ``results/<run>`` holds a crawl. Raises RunError for a path outside of results."""
    return RunFolder(_below_results(run)).has_begun


def _finds_the_same(job: FundedJob, other: FundedJob) -> bool:
    """Whether two jobs are equal except for their limits."""
    limits = {"max_products", "credit_limit", "limited_by"}
    return job.model_dump(exclude=limits) == other.model_dump(exclude=limits)


def _is_of_another_job(attempt: Path, next_attempt: Path, job: FundedJob) -> bool:
    """Whether an earlier attempt at the same run asked for other products than ``job``."""
    stored = read_record(attempt / JOB, FundedJob)
    is_same_run = run_path(attempt) == run_path(next_attempt)
    return is_same_run and stored is not None and not _finds_the_same(job, stored)


def _no_job(run: str, folder: Path) -> RunError:
    if not RunFolder(folder).has_begun:
        return RunError(f"{folder} holds no run to resume")
    return RunError(
        f"{JOB} in {folder} is missing or damaged: start a new run with -a category_url=… "
        f"and -a continue_from={run}, which keeps the finished pages"
    )


def _below_results(name: str) -> Path:
    root = results_folder().resolve()  # it may be a link to a shared disk
    folder = (root / name).resolve()
    if root not in folder.parents:
        raise RunError(f"the run {name!r} is not below {root}")
    return folder


def _stamp(page: Page, number: int | None) -> None:
    """Set when and where products were seen; ``number`` is None outside the plain listing."""
    rank = page.first or 1
    scraped_at = utc_now()
    for product in page.products:
        product.scraped_at = scraped_at
        if number is not None and not product.sponsored:
            product.page, product.position = number, rank
            rank += 1
