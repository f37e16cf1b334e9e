"""Following the pages of one listing: which are next, and why a listing has ended. Pure."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from statistics import median_high

from category_crawler.journal import NOT_APPLIED, PageRecord
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind


class End(StrEnum):
    """Why there is no next page."""

    NO_RESULTS = "no_results"
    PAST_THE_END = "past_the_end"
    NO_ORGANIC_CARD = "no_organic_card"
    RANGE_STANDS_STILL = "range_stands_still"
    NO_NEXT_LINK = "no_next_link"
    NOT_APPLIED = "not_applied"


class Walk:
    """The pages seen of one listing in one order of its results.

    Pages may arrive in any order; what is told of the walk is told from those without a gap before
    them, up to the one that ends it.
    """

    def __init__(self, listing: ListingURL, records: Iterable[PageRecord] = ()) -> None:
        self.listing = listing
        self.end: End | None = None
        """Why the listing ended, or None while there is a page to ask for."""
        self.pages: list[PageRecord] = []
        """In their order, the first at index 0."""
        self.asins: dict[str, int | None] = {}
        """Distinct organic results, each with its price in cents."""
        self._ahead: dict[int, PageRecord] = {}
        for record in records:
            self.add(record)

    def add(self, record: PageRecord) -> None:
        """Take in a finished page."""
        self._ahead[record.page] = record
        while self.end is None and (following := self._ahead.pop(len(self.pages) + 1, None)):
            self._append(following)

    def wanted(self, last: int | None = None) -> Iterator[int]:
        """Pages to ask for: the next one, and those behind it that the strip promises.

        ``last`` is the last page worth asking for ahead of time, 1-based; None for no bound.
        """
        if self.end is not None:
            return
        following = len(self.pages) + 1
        promised = self.last_page or following
        for page in range(following, max(following, min(promised, last or promised)) + 1):
            if page not in self._ahead:
                yield page

    @property
    def brands(self) -> tuple[str, ...]:
        """Brands that the first page offers to narrow the listing to, as terms."""
        return self.pages[0].brands if self.pages else ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes below the listing's own that its first page offers."""
        return self.pages[0].nodes if self.pages else ()

    @property
    def page_size(self) -> int:
        """Organic results of a full page, by its result bar, else by its cards."""
        return max((_size(record) for record in self.pages), default=0)

    @property
    def served(self) -> int:
        """Rank of the last result, by the result bars, else how many there were.

        Where the site reshuffles results from page to page, some come twice, and as many others
        are not seen.
        """
        shown = sum(len(record.asins) + record.outliers for record in self.pages)
        ranks = [record.last for record in self.pages if record.last and record.asins]
        return min(max(ranks), shown) if ranks else len(self.asins)

    @property
    def total(self) -> int | None:
        """Results reported for the listing; where the pages' reports differ, the middle one."""
        reported = self._totals
        return median_high(reported) if reported else None

    @property
    def total_is_rounded(self) -> bool:
        return any(record.total_is_rounded for record in self.pages)

    @property
    def is_steady(self) -> bool:
        """Whether every page reports the same total."""
        return len(set(self._totals)) <= 1

    @property
    def exact_total(self) -> int | None:
        """Results reported, where every page reports the same exact number; else None."""
        return self.total if self.is_steady and not self.total_is_rounded else None

    @property
    def last_page(self) -> int | None:
        """The largest page number shown; the site serves fewer when it caps a listing."""
        return max((r.last_page for r in self.pages if r.last_page is not None), default=None)

    @property
    def without_price(self) -> set[str]:
        """Organic results that show no price."""
        return {asin for asin, cents in self.asins.items() if cents is None}

    @property
    def _totals(self) -> list[int]:
        return [record.total for record in self.pages if record.total is not None]

    def _append(self, record: PageRecord) -> None:
        self.end = _end(self.pages[-1] if self.pages else None, record)
        self.pages.append(record)
        for asin, cents in zip(record.asins, record.prices, strict=True):
            self.asins.setdefault(asin, cents)


def _size(record: PageRecord) -> int:
    if record.first is None or record.last is None or not record.asins:
        return len(record.asins)
    return record.last - record.first + 1


def _end(before: PageRecord | None, latest: PageRecord) -> End | None:
    if latest.kind == NOT_APPLIED:
        return End.NOT_APPLIED
    if latest.kind == Kind.NO_RESULTS:
        return End.NO_RESULTS
    if latest.kind == Kind.PAST_THE_END:
        return End.PAST_THE_END
    if not latest.asins:
        return End.NO_ORGANIC_CARD
    if before is not None and _stands_still(before, latest):
        return End.RANGE_STANDS_STILL
    return None if latest.has_next else End.NO_NEXT_LINK


def _stands_still(before: PageRecord, latest: PageRecord) -> bool:
    return before.first is not None and latest.first is not None and latest.first <= before.first
