"""A walk: the pages of one listing in one sort order, and where it ends. Pure."""

import math
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from statistics import median_high

from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind
from category_crawler.run.journal import NOT_APPLIED, TOO_WIDE, UNREADABLE, PageRecord

VAIN_PAGES = 3
"""A walk stops after this many pages in a row without a new product."""


class End(StrEnum):
    """Why there is no next page."""

    NO_RESULTS = "no_results"
    CONTRADICTED = "contradicted"
    """A page said twice that there are no results, although products are known to be there."""
    PAST_THE_END = "past_the_end"
    NO_ORGANIC_CARD = "no_organic_card"
    RANGE_STANDS_STILL = "range_stands_still"
    NO_NEXT_LINK = "no_next_link"
    NOT_APPLIED = "not_applied"
    NOTHING_NEW = "nothing_new"
    """Several pages in a row had no result that earlier pages had not."""
    TOO_WIDE = "too_wide"
    UNREADABLE = "unreadable"
    """The page could not be read twice."""
    ANOTHER_PAGE = "another_page"
    """The page said twice that it is another one: the site does not serve the one requested."""


NOT_CRAWLED = frozenset({End.NOT_APPLIED, End.TOO_WIDE})
"""Ends of a listing that is not what the plan wanted, so that none of its rows are kept."""


class ListingPages:
    """What the pages of one listing in one sort order have shown.

    Pages may arrive in any order. The walk uses a page once all pages before it have arrived, up
    to the page that ends the listing. It keeps the facts below, not the pages.

    A page is requested once more if it says "no results" and does not show the node and filters,
    has more products known to be there, or is the first page of the whole category; if it has only
    advertisements although more is promised; if its metadata counts other cards than were read, or
    says that it is another page; and if it could not be read. The journal has both answers, so a
    resumed run knows about the first.
    """

    def __init__(
        self,
        listing: ListingURL,
        records: Iterable[PageRecord] = (),
        *,
        holds: int = 0,
        is_whole: bool = False,
    ) -> None:
        """``holds``: how many products are known to be there. ``is_whole``: the whole category."""
        self.listing = listing
        self.needs_second_request = False
        """Whether the next page was doubtful and must be requested once more."""
        self.miscounted: list[tuple[int, int]] = []
        """Pages whose metadata counted other cards than were read, twice: number and difference."""
        self.end: End | None = None
        """Why the listing ended; None while there is a page to request."""
        self.length = 0
        """Number of pages used so far."""
        self.prices: dict[str, int | None] = {}
        """Price of each distinct organic result, in cents of the marketplace's own currency.

        Empty once the walk is closed.
        """
        self.asins: Collection[str] = self.prices.keys()
        """Distinct organic results."""
        self.recent: deque[tuple[str, ...]] = deque(maxlen=VAIN_PAGES)
        """Organic results of the latest pages."""
        self.brands: tuple[str, ...] = ()
        """Brands that the first page's rail offers, as terms."""
        self.nodes: tuple[str, ...] = ()
        """Nodes below the listing's own that the first page's rail offers."""
        self.page_size = 0
        """Organic results of a full page, from its result bar, else from its cards."""
        self.total_is_rounded = False
        self.last_page: int | None = None
        """The largest page number shown; the site serves fewer pages if it caps the listing."""
        self._totals: list[int] = []
        self._shown = self._last_rank = 0
        self._latest_first: int | None = None
        self._vain = 0
        """Number of latest pages without a result that was new to this walk."""
        self._holds, self._is_whole = holds, is_whole
        self._ahead: dict[int, PageRecord] = {}
        for record in records:
            self.add(record)

    def add(self, record: PageRecord) -> None:
        """Add a finished page."""
        self._ahead[record.page] = record
        while self.end is None and (following := self._ahead.pop(self.length + 1, None)):
            self.needs_second_request = self._is_doubtful(following)
            if not self.needs_second_request:
                self._append(following)

    def close(self) -> None:
        """Keep only the ASINs and free the rest, which only an open slice needs."""
        self.asins = tuple(self.prices)
        self.prices = {}
        self.brands = self.nodes = ()
        self.recent.clear()
        self._ahead.clear()

    def wanted(self, last: int | None = None) -> Iterator[int]:
        """Pages to request: the next one, and those after it that the strip shows.

        ``last`` is the last page to request ahead of time, 1-based; None means no limit.
        """
        if self.end is not None:
            return
        following = self.length + 1
        promised = self.last_page or following
        for page in range(following, max(following, min(promised, last or promised)) + 1):
            if page not in self._ahead:
                yield page

    @property
    def served(self) -> int:
        """Number of results served: the last rank in the result bars, else the results counted.

        If the site reshuffles results between requests, some come twice and as many are missed.
        """
        return min(self._last_rank, self._shown) if self._last_rank else len(self.asins)

    @property
    def total(self) -> int | None:
        """Number of results that the pages report; the median if they differ."""
        return median_high(self._totals) if self._totals else None

    @property
    def is_steady(self) -> bool:
        """Whether every page reports the same total."""
        return len(set(self._totals)) <= 1

    @property
    def spread(self) -> int:
        """How far the totals that the pages report differ."""
        return max(self._totals, default=0) - min(self._totals, default=0)

    @property
    def exact_total(self) -> int | None:
        """Number of results, if every page reports the same exact number; else None."""
        return self.total if self.is_steady and not self.total_is_rounded else None

    @property
    def expected(self) -> int:
        """The largest number of products known to be in it, or reported by one of its pages."""
        return max(self._holds, *self._totals, 0)

    @property
    def without_price(self) -> set[str]:
        """Organic results without a price in the marketplace's own currency."""
        return {asin for asin, cents in self.prices.items() if cents is None}

    def _is_doubtful(self, record: PageRecord) -> bool:
        """Whether a page is doubtful for the first time and needs a second request."""
        if self.needs_second_request or record.kind in (NOT_APPLIED, TOO_WIDE):
            return False
        if record.kind == UNREADABLE or record.cards_missed or record.page_shown is not None:
            return True
        if record.kind == Kind.LISTING and not record.asins and not record.outliers:
            return record.has_next or self.expected > self.served
        if record.kind != Kind.NO_RESULTS:
            return False
        is_first_of_all = self._is_whole and self.length == 0
        return is_first_of_all or not record.proved or self.expected > self.served

    def _append(self, record: PageRecord) -> None:
        has_new = any(asin not in self.prices for asin in record.asins)
        self.end = _end(self._latest_first, record, has_new=has_new)
        if self.end is End.NO_RESULTS and self.expected > self.served:
            self.end = End.CONTRADICTED
        if record.cards_missed:
            self.miscounted.append((record.page, record.cards_missed))
        self.length += 1
        if self.length == 1:
            self.brands, self.nodes = record.brands, record.nodes
        self._latest_first = record.first
        self._shown += len(record.asins) + record.outliers
        self._last_rank = max(self._last_rank, (record.last or 0) if record.asins else 0)
        if record.total is not None:
            self._totals.append(record.total)
        self.total_is_rounded |= record.total_is_rounded
        self.page_size = max(self.page_size, _size(record))
        self.last_page = max(self.last_page or 0, record.last_page or 0) or None
        self.recent.append(record.asins)
        for asin, cents in zip(record.asins, record.prices, strict=True):
            self.prices.setdefault(asin, cents)
        self._vain = 0 if has_new else self._vain + 1
        if self.end is None and self._vain >= VAIN_PAGES:
            self.end = End.NOTHING_NEW


_ENDS = {
    NOT_APPLIED: End.NOT_APPLIED,
    TOO_WIDE: End.TOO_WIDE,
    UNREADABLE: End.UNREADABLE,
    Kind.NO_RESULTS: End.NO_RESULTS,
    Kind.PAST_THE_END: End.PAST_THE_END,
}
"""Kinds of page that end a listing."""


def _size(record: PageRecord) -> int:
    if record.first is None or record.last is None or not record.asins:
        return len(record.asins)
    return record.last - record.first + 1


def _end(first_before: int | None, latest: PageRecord, *, has_new: bool) -> End | None:
    if latest.kind in _ENDS:
        return _ENDS[latest.kind]
    if latest.page_shown is not None:
        return End.ANOTHER_PAGE
    if not latest.asins:
        return End.NO_ORGANIC_CARD
    if not has_new and first_before is not None and (latest.first or math.inf) <= first_before:
        return End.RANGE_STANDS_STILL
    return None if latest.has_next else End.NO_NEXT_LINK
