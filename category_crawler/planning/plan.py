"""The plan of a crawl: which pages to request next. A pure function of job and journal."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from category_crawler.domain_config import DELIVERY_DAY_CODE
from category_crawler.job import CategoryJob
from category_crawler.listing_url import ListingURL
from category_crawler.planning.audit import PAGES, Audit, pages_of_audit
from category_crawler.planning.axis import price_axis
from category_crawler.planning.coverage import Tally, cover
from category_crawler.planning.known_plan import KnownPlan
from category_crawler.planning.next_plan import Harvest, next_plan
from category_crawler.planning.partition import Effort, Partition
from category_crawler.run.journal import PageRecord
from category_crawler.run.price_axis import PriceAxis
from category_crawler.run.records import Coverage


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's limits for a plan."""

    requests: int = 0
    """The plan stops after this many listing requests, failed ones included.

    0 means a limit that suits the size of the category: see :attr:`Plan.most_requests`.
    """
    audit_pages: int = PAGES
    """Most pages of the audit; 0 means no audit."""
    effort: Effort = field(default_factory=Effort)
    known_plans: bool = True
    """Whether a run begins with what an earlier run of the same list has left."""


_FEWEST_REQUESTS = 20_000
"""The least limit on requests, if the operator sets none."""
_REQUESTS_A_PAGE = 3
"""Requests for each page that the reported products fill; hostile shops need up to 2.5."""
_DIVIDED = 1.1
"""The slices of a category take so many times the pages that its products fill, within a tenth
(docs/benchmarks.md)."""


class Plan:
    """The pages of the listing and of its slices.

    If the job has a delivery day, the first page is requested without it, only to read the
    filter's value from the rail. If that page has no results, the listing stays without the day.
    """

    def __init__(
        self,
        job: CategoryJob,
        records: Iterable[PageRecord] = (),
        limits: Limits | None = None,
        known: KnownPlan | None = None,
    ) -> None:
        """``records``: the finished pages. ``known``: what an earlier run of the list has left."""
        self.job = job
        self._known = known if job.whole else None
        self.pages_finished = 0
        """Number of finished pages, except the one read to learn the delivery day."""
        self.latest: PageRecord | None = None
        self._limits = limits or Limits()
        self.requests = 0
        """Number of requests for finished pages, failed ones included."""
        self.foreign: set[str] = set()
        """Currencies of the prices seen, except the marketplace's own."""
        self.contradiction: PageRecord | None = None
        """The first page whose result bar and metadata report different totals."""
        self.garbled: PageRecord | None = None
        """The first page with bytes that are not in its charset."""
        self.corrected_query: tuple[str, str] | None = None
        """Search words asked for, and those of which the site shows the results instead."""
        self.node_name: str | None = None
        """The requested node's name, as the rail of a page has shown it."""
        self._outliers = 0
        self._price_unproved = False
        self._partition = self._divide(job.listing)
        self._audit: Audit | None = None
        """None until the plan is over, and if it is not audited."""
        self._is_followed = False
        """Whether the listings in which the audit found something are part of the plan."""
        self._began_at = ""
        self._has_all_filters = job.delivery_day is None
        for record in records:
            self.add(record)

    def add(self, record: PageRecord) -> None:
        """Add a finished page."""
        self.latest = record
        self.requests += record.requests
        self.foreign.update(record.foreign)
        self.node_name = self.node_name or record.node_name
        if record.delivery_day is not None:
            self._learn(record.delivery_day)
            return
        self.pages_finished += 1
        if record.totals_differ is not None:
            self.contradiction = self.contradiction or record
        if record.is_garbled:
            self.garbled = self.garbled or record
        self.corrected_query = self.corrected_query or record.corrected_query
        self._outliers += record.outliers
        if self.job.listing.price != (None, None):
            self._price_unproved |= record.price_proved is False
        self._began_at = self._began_at or record.at
        if self._audit is not None:
            self._audit.add(record)
        self._partition.add(record)
        self._go_on()

    def _go_on(self) -> None:
        """Begin the audit when the plan is over; then follow what it has found, once."""
        if not self._partition.is_over or not self.job.whole:
            return
        if self._audit is None:
            pages = self._pages_of_audit(self._partition.length)
            finished = self._partition.finished if pages else None
            self._audit = Audit(finished, pages, self._began_at) if finished else None
        elif self._audit.is_over and self._audit.unknown and not self._is_followed:
            self._is_followed = True
            self._partition.follow(self._audit.unknown)

    @property
    def learning(self) -> bool:
        """Whether the delivery day's filter value is still unknown."""
        return not (self._has_all_filters or self._partition.is_over)

    @property
    def listing(self) -> ListingURL:
        """The whole listing: the job's, with the delivery day once its value is known."""
        return self._partition.root.listing

    def keeps_rows(self, listing: str) -> bool:
        """Whether to keep rows of this listing (canonical URL)."""
        is_audited = self._audit is not None and self._audit.knows(listing)
        return not self.learning and (is_audited or self._partition.knows(listing))

    def is_too_wide(self, listing: str, total: int | None) -> bool:
        """Whether a part by node (canonical URL) has more products than the slice above it."""
        return self._partition.is_too_wide(listing, total)

    def needs_second_request(self, listing: ListingURL) -> bool:
        """Whether this page was doubtful and must be requested once more."""
        return self._partition.needs_second_request(listing)

    @property
    def wanted(self) -> Iterator[ListingURL]:
        """The pages to request, best first."""
        if not self._is_spent:
            yield from self._partition.wanted()
            if self._audit is not None:
                yield from self._audit.wanted

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to request."""
        return next(self.wanted, None) is None

    @property
    def total_pages(self) -> int | None:
        """An estimate of all pages, finished and to come; None before the first page."""
        if self.learning or not self.pages_finished:
            return None
        pages = self.pages_finished + self._partition.pages_to_come
        if self._audit is not None:
            return pages + len(self._audit.wanted)
        return pages + (self._pages_of_audit(pages) if self.job.whole else 0)

    @property
    def expected_pages(self) -> int | None:
        """An estimate of all pages that the first page allows; None before it.

        Unlike :attr:`total_pages` it foresees that the category will be divided.
        """
        if self.total_pages is None or not (self.job.whole and self._partition.cannot_be_one):
            return self.total_pages
        slices = ceil(_DIVIDED * self._partition.pages_of_total)
        return self._partition.pages_of_sample + slices + self._pages_of_audit(slices)

    @property
    def is_repeat(self) -> bool:
        """Whether the category was divided as in the earlier run."""
        return self._partition.is_repeat

    def for_next(
        self, prices: Sequence[int], unpriced: int, finished_at: str, *, is_complete: bool
    ) -> KnownPlan | None:
        """What it leaves for the next run; None if it is not over or not of a whole category.

        ``prices`` are the cents of every product found; ``unpriced`` more have none.
        """
        if not self.job.whole or not self._partition.is_over or self.stopped:
            return None
        audit = self._audit
        is_vouched = is_complete and audit is not None and audit.is_over and not audit.unknown
        harvest = Harvest(prices, unpriced, is_vouched, finished_at)
        return next_plan(self.job, self._partition, harvest)

    def coverage(self, found: int, found_without_price: int) -> Coverage:
        """How complete the rows kept so far are."""
        tally = Tally(
            found,
            found_without_price,
            self.requests,
            self._outliers,
            self._price_unproved,
            self.corrected_query,
        )
        return cover(self._partition, tally, self._audit)

    @property
    def price_axis(self) -> PriceAxis:
        """How the category was divided by price so far."""
        return price_axis(self._partition)

    @property
    def stopped(self) -> str:
        """Why the plan stops early; empty if it does not."""
        if self._is_spent and not (self._partition.is_over and self._is_audited):
            return f"stopped at MAX_REQUESTS {self.most_requests}"
        return ""

    @property
    def most_requests(self) -> int:
        """The operator's limit on listing requests, else one that grows with the category."""
        needed = _REQUESTS_A_PAGE * self._partition.pages_of_total
        return self._limits.requests or max(_FEWEST_REQUESTS, needed)

    @property
    def _is_audited(self) -> bool:
        return self._audit is None or self._audit.is_over

    @property
    def _is_spent(self) -> bool:
        return self.requests >= self.most_requests

    def _learn(self, day: str) -> None:
        """Start again with the listing for this delivery day."""
        listing = self.job.listing.with_refinement(DELIVERY_DAY_CODE, day)
        self._partition, self._has_all_filters = self._divide(listing), True

    def _pages_of_audit(self, finished: int) -> int:
        return pages_of_audit(self._limits.audit_pages, finished, self._partition.trust)

    def _divide(self, listing: ListingURL) -> Partition:
        known = self._known if self._known and self._known.listing == str(listing) else None
        return Partition(listing, self._limits.effort, whole=self.job.whole, known=known)


def pages_to_limit(pages: int, limit: int | None, kept: int, finished: int) -> int:
    """An estimate of all ``pages`` up to a limit of products, of which those finished kept some."""
    if limit is None or not kept:
        return pages
    return min(pages, finished + ceil((limit - kept) * finished / kept))
