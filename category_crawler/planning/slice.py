"""A slice: a part of a category that is crawled as its own listing. Pure."""

from collections.abc import Iterable, Iterator, Sequence, Set
from enum import StrEnum
from math import ceil

from category_crawler.listing_url import NODE_CODE, ListingURL, within
from category_crawler.planning.listing_pages import VAIN_PAGES, End, ListingPages
from category_crawler.planning.price_cuts import Sample, cut

ORDERS = (
    "date-desc-rank",
    "review-rank",
    "exact-aware-popularity-rank",
    "price-asc-rank",
    "price-desc-rank",
)
"""Sort orders besides the site's default, by the site's names (public sources).

The orders by price come last: they change nothing in a slice of one price, and put products without
a price at the end.
"""

STEADY_ORDER = "price-asc-rank"
"""An order that stays put where the site reshuffles its default one."""

FULL = 0.85
"""Average size of a slice by brand or node, as a share of what the site serves."""
_OVERLAP = 1.5
"""If parts report more than this many times the total of the slice, products are in several."""
_LEFT_OUT = 0.02
"""If parts report less than the total, by more than this share, products are in none of them."""


class Verdict(StrEnum):
    """How complete a finished slice is."""

    COMPLETE = "complete"
    """Every product that the site reports has been seen."""
    CAPPED = "capped"
    """The site did not serve all of it, and it could not be divided."""
    UNKNOWN = "unknown"


class Way(StrEnum):
    """How a listing is divided into smaller ones, best first."""

    PRICE = "price"
    BRAND_GROUPS = "brand groups"
    """Several brands in one term, about as many products as the site serves."""
    BRANDS = "brands"
    NODES = "nodes"


UNPRICED_FIRST = (Way.BRAND_GROUPS, Way.BRANDS, Way.NODES, Way.PRICE)
"""The ways with those first that keep products without a price."""


class Slice:
    """A listing, its walks in one or more sort orders, and its smaller slices."""

    def __init__(
        self, listing: ListingURL, above: "Slice | None" = None, order: str | None = None
    ) -> None:
        """``order``: the sort order of the first walk; None means the listing's own."""
        self.listing = listing
        self.above = above
        self.first = ListingPages(
            listing.with_sort(order) if order else listing,
            holds=len(self._seen_above()),
            is_whole=above is None,
        )
        """In the listing's own order, or in a steady one."""
        self.others: list[ListingPages] = []
        """In other orders, to find missing products."""
        self.parts: list[Slice] = []
        self.way: Way | None = None
        """How it was divided last; None if it was not."""
        self._tried: set[Way] = set()
        self.is_capped = False
        """Whether the site does not serve all of it."""
        self.verdict: Verdict | None = None
        """None while the slice or one of its parts is open."""

    @property
    def asins(self) -> set[str]:
        """Products seen in the walks of the slice and of its parts."""
        own = {asin for walk in (self.first, *self.others) for asin in walk.asins}
        return own.union(*(part.asins for part in self.parts))

    @property
    def known(self) -> set[str]:
        """:attr:`asins`, and the products of the slices above whose price is in its range."""
        return self.asins | set(self._seen_above())

    @property
    def is_short(self) -> bool:
        """Whether products are missing: certainly, or probably if the slice is capped."""
        is_open_ended = self.is_capped and self.first.exact_total is None
        return is_open_ended or self.missed > 0

    @property
    def missed(self) -> int:
        """Number of products that the site reports, or served in one order, and we did not see."""
        served = max(walk.served for walk in (self.first, *self.others))
        return max(self.first.exact_total or 0, served) - len(self.known)

    @property
    def is_divided_by_price(self) -> bool:
        """Whether its parts are price ranges; together they hold every product with a price."""
        return any(part.listing.price != self.listing.price for part in self.parts)

    @property
    def is_unread(self) -> bool:
        """Whether only its parts were requested, which an earlier run found to hold all of it."""
        return bool(self.parts) and not self.first.length

    @property
    def is_in_default_order(self) -> bool:
        """Whether the caller's URL asks for no sort order of its own."""
        return "s" not in dict(self.listing.parameters)

    @property
    def is_refused(self) -> bool:
        """Whether the site did not apply the slice's filters."""
        return self.first.end is End.NOT_APPLIED

    @property
    def contradicted(self) -> ListingPages | None:
        """A walk that got "no results" although products are known; None if all are found now."""
        if self.verdict is Verdict.COMPLETE:
            return None
        walks = (self.first, *self.others)
        return next((walk for walk in walks if walk.end is End.CONTRADICTED), None)

    @property
    def may_have_more_than_its_parts(self) -> bool:
        """Whether products may be in none of its parts, after all parts are finished."""
        if any(part.is_refused for part in self.parts):
            return True
        total = self.first.exact_total
        return not self.is_divided_by_price and (total is None or len(self.asins) < total)

    def close(self) -> None:
        """Set the verdict; the slice needs no more requests."""
        if (self.is_divided_by_price or self.is_unread) and not self.is_capped:
            self.verdict = _common(part.verdict for part in self.parts)
        elif self._is_complete:
            self.verdict = Verdict.COMPLETE
        else:
            self.verdict = Verdict.CAPPED if self.is_capped else Verdict.UNKNOWN
        if self.above is not None:
            for walk in (self.first, *self.others):
                walk.close()

    @property
    def _is_complete(self) -> bool:
        if self.is_refused:
            return False
        if self.first.end is End.TOO_WIDE:
            return True
        is_empty = self.first.end is End.NO_RESULTS and not self.first.asins
        return is_empty or len(self.known) == self.first.exact_total

    @property
    def latest_was_in_vain(self) -> bool:
        """Whether the latest walk found nothing that the other walks and the parts had not."""
        if not (self.others or self.parts):
            return False
        *before, latest = self.first, *self.others
        seen = set().union(*(walk.asins for walk in before), *(part.asins for part in self.parts))
        return not set(latest.asins) - seen

    def is_in_vain(self, walk: ListingPages) -> bool:
        """Whether the latest pages of a walk have only products that were seen elsewhere.

        False if the total tells how many products are missing.
        """
        if self.first.exact_total is not None or len(walk.recent) < VAIN_PAGES:
            return False
        elsewhere = [known.asins for known in (self.first, *self.others) if known is not walk]
        seen = set().union(*elsewhere, *(part.asins for part in self.parts))
        return all(seen.issuperset(asins) for asins in walk.recent)

    def next_order(self, tried: int) -> ListingPages | None:
        """A walk in the next sort order after ``tried`` ones; None if there are no more."""
        used = {dict(each.parameters).get("s") for each in (self.listing, self.first.listing)}
        orders = [order for order in ORDERS if order not in used]
        if tried >= len(orders):
            return None
        holds = len(self._seen_above().keys() | self.first.asins)
        return ListingPages(self.listing.with_sort(orders[tried]), holds=holds)

    def divide(
        self,
        most: int,
        refused: Set[Way],
        order: str | None = None,
        ways: Sequence[Way] = tuple(Way),
    ) -> list["Slice"]:
        """Make parts of about ``most`` products each, in the best way that was not tried before.

        ``ways`` are the ways, best first; those that the site has refused are left out. Returns the
        new parts, whose first walk has the sort order ``order``; no part if there is no way left.
        Parts that the site refused go.
        """
        for way in ways:
            if way in refused or way in self._tried:
                continue
            self._tried.add(way)
            listings = self._listings(way, most, refused)
            if listings and listings != [part.listing for part in self.parts]:
                parts = [Slice(listing, self, order) for listing in listings]
                self.parts = [part for part in self.parts if not part.is_refused] + parts
                self.way = way
                return parts
        return []

    def divide_as(self, way: Way, listings: Iterable[ListingURL]) -> list["Slice"]:
        """Make the parts that an earlier run made in this way; return them."""
        self._tried.add(way)
        self.way, self.parts = way, [Slice(listing, self) for listing in listings]
        return self.parts

    def _listings(self, way: Way, most: int, refused: Set[Way]) -> list[ListingURL]:
        match way:
            case Way.PRICE:
                return self._by_price(most)
            case Way.BRAND_GROUPS:
                return self._by_brand(most)
            case Way.BRANDS:
                return self._by_brand(1) if Way.BRAND_GROUPS in refused else []
            case Way.NODES:
                return self._by_node()

    @property
    def parts_overlap(self) -> bool:
        """Whether the parts report more products together than the slice; its total may be rounded
        down to half of the real one."""
        rounded = 2 if self.first.total_is_rounded else 1
        total = self.first.total
        held = sum(part.first.total or 0 for part in self.parts if part.first.is_steady)
        return total is not None and held > _OVERLAP * rounded * total

    @property
    def parts_leave_out_products(self) -> bool:
        """Whether every part has shown its total, and together they hold fewer than the slice."""
        total = self.first.exact_total
        if total is None or not all(part.first.length for part in self.parts):
            return False
        return sum(part.first.total or 0 for part in self.parts) < (1 - _LEFT_OUT) * total

    @property
    def untried(self) -> set[Way]:
        """The ways in which it was not divided yet."""
        return set(Way) - self._tried

    @property
    def all_walks(self) -> Iterator[ListingPages]:
        """Its walks and those of every slice below it."""
        for one in self.with_all_parts():
            yield from (one.first, *one.others)

    def with_all_parts(self) -> Iterator["Slice"]:
        """This slice and every one below it."""
        yield self
        for part in self.parts:
            yield from part.with_all_parts()

    def _seen_above(self) -> dict[str, int]:
        """Products of the slices above whose price is in this slice's range, with their cents."""
        seen: dict[str, int] = {}
        bounds, above = self.listing.price, self.above
        while above is not None and above.listing.differs_in_price_only(self.listing):
            for asin, cents in above.first.prices.items():
                if cents is not None and within(cents, bounds):
                    seen[asin] = cents
            above = above.above
        return seen

    def _by_price(self, most: int) -> list[ListingURL]:
        own = {asin: cents for asin, cents in self.first.prices.items() if cents is not None}
        prices = (self._seen_above() | own).values()
        sample = Sample(sorted(prices), self.first.total or most)
        return [self.listing.with_price(*part) for part in cut(self.listing.price, sample, most)]

    def _by_brand(self, most: int) -> list[ListingURL]:
        code, values = self._brands()
        groups = _groups(values, self.first.total or most, most)
        return [self.listing.with_refinement(code, "|".join(group)) for group in groups]

    def _brands(self) -> tuple[str, list[str]]:
        """Code and values of the brands to divide by: those of the URL, else those offered."""
        offered = [term.partition(":") for term in self.first.brands]
        code = offered[0][0] if offered else ""
        asked = [value for known, value in self.listing.terms if known == code]
        return code, asked[0].split("|") if asked else [value for _, _, value in offered]

    def _by_node(self) -> list[ListingURL]:
        above = self._nodes_above()
        nodes = [node for node in self.first.nodes if node not in above]
        return [self.listing.with_refinement(NODE_CODE, node) for node in nodes]

    def _nodes_above(self) -> set[str | None]:
        """This slice's node, those above it and their other parts: the rail of some pages lists
        siblings and ancestors as if they were below."""
        nodes: set[str | None] = set(self.listing.nodes)
        one = self.above
        while one is not None:
            nodes |= {*one.listing.nodes, *(part.listing.node for part in one.parts)}
            one = one.above
        return nodes


def _common(verdicts: Iterable[Verdict | None]) -> Verdict:
    """The verdict of a slice from those of its parts: the worst one."""
    given = set(verdicts)
    if given == {Verdict.COMPLETE}:
        return Verdict.COMPLETE
    return Verdict.CAPPED if Verdict.CAPPED in given else Verdict.UNKNOWN


def _groups(values: list[str], total: int, most: int) -> list[list[str]]:
    """The values in groups of about ``most`` of the ``total`` products; empty for one value."""
    if len(values) < 2:
        return []
    each = max(1, int(FULL * most * len(values) / max(1, total)))
    count = max(2, ceil(len(values) / each))
    return [values[index::count] for index in range(count)]
