"""Divides a category into listings that the site serves completely. Pure, from the journal.

1. Walk the whole listing. It shows how many products there are, how many the site serves of one
   listing, and their prices.
2. If the site may serve too few, cut the listing by price. Cut a slice again if its first page
   reports more products than the site serves.
3. Divide a single price with too many products by brand, then by sub-node. If that is not enough,
   walk it in other sort orders. So too where the site refuses price ranges, and where a product is
   in several of them, such as one sold from 5 to 50 dollars.
4. Products without a price are in no price slice. If there are any, divide by brand and sub-node
   first. If the brands offered do not hold all products together, or are too few, divide by price,
   and walk the whole listing in other sort orders.

Prices count only in the marketplace's own currency, because its price filter uses that. If no such
price is seen, divide by brand and sub-node.

If the site reshuffles results between requests, walk slices by price, an order that stays put. A
category without a total, or with one that is smaller than what is served, is divided while its
slices are as long as the site serves.

The plan for a slice depends on its own pages, on those of the slices above it, and on what slices
before it have shown of the site: ways to divide that it refuses, totals that are too high. A slice
is always smaller than the one above it, and a way is tried once, so every plan ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from category_crawler.listing_url import ListingURL
from category_crawler.planning.audit import Finished
from category_crawler.planning.listing_pages import ListingPages
from category_crawler.planning.reach import TOLERATED, Reach
from category_crawler.planning.slice import STEADY_ORDER, UNPRICED_FIRST, Slice, Way
from category_crawler.run.journal import TOO_WIDE, PageRecord

_SAMPLE_PAGES = 20
"""Pages to read of a listing that the site cannot serve completely: enough to learn its prices."""
_VAIN_SLICES = 3
"""After this many slices in a row were walked again for nothing, the totals are too high."""
_REFUSALS = 3
"""After this many refused parts and none that was accepted, the other parts are not requested."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How many extra requests to make to find missing products."""

    tries: int = 2
    """How often to fetch a slice again if products are missing."""
    pages_a_product: int = 4
    """Once a slice was fetched twice: the most pages to request per missing product."""
    unpriced_orders: int = 2
    """More sort orders of the whole listing, to find products without a price."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A walk that is not finished, and the function to call after each of its pages."""

    walk: ListingPages
    page_came: Callable[[], None]


class Partition:
    """The whole listing and its slices so far."""

    def __init__(self, listing: ListingURL, effort: Effort, *, whole: bool = True) -> None:
        self.root = Slice(listing)
        self.unpriced: list[ListingPages] = []
        """Walks of the whole listing in other orders, to find products without a price."""
        self.given_up: list[ListingPages] = []
        """Walks of brands or nodes that turned out not to hold all products of the slice above."""
        self._ways: Sequence[Way] = tuple(Way)
        """Ways to divide, best first."""
        self._effort = effort
        self._whole = whole
        self._reach = Reach(self.root)
        self._refused: set[Way] = set()
        """Ways to divide that the site does not apply, or that divide nothing."""
        self._vain_slices = 0
        """Number of latest slices that were walked again and showed no new product."""
        self._open: dict[str, _Open] = {}
        self._new: dict[str, ListingPages] = {}
        """The open walks without a page: their first pages tell most about the plan."""
        self._known: set[str] = set()
        self._widest: dict[str, int] = {}
        """Of each part by node (canonical URL): the total of the slice above."""
        self._follow(self.root.first, self._root_came)

    def add(self, record: PageRecord) -> None:
        """Add a finished page; a page of a walk that is no longer open is ignored."""
        if self.is_too_wide(record.listing, record.total):
            record = replace(record, kind=TOO_WIDE, asins=(), prices=(), total=None)
        going_on = self._open.get(record.listing)
        if going_on is not None:
            going_on.walk.add(record)
            if going_on.walk.length:
                self._new.pop(record.listing, None)
            going_on.page_came()

    def is_too_wide(self, listing: str, total: int | None) -> bool:
        """Whether a part by node (canonical URL) has more products than the slice above it: the
        rail listed a node that is not below."""
        widest = self._widest.get(listing)
        return widest is not None and total is not None and total > widest

    def knows(self, listing: str) -> bool:
        """Whether a listing (canonical URL) is part of the plan."""
        return listing in self._known

    def needs_second_request(self, listing: ListingURL) -> bool:
        """Whether this page was doubtful and must be requested once more."""
        one = self._open.get(str(listing.with_page(1)))
        return (
            one is not None
            and one.walk.needs_second_request
            and listing.page == one.walk.length + 1
        )

    def wanted(self) -> Iterator[ListingURL]:
        """Listing pages to request, best first."""
        for walk in self._new.values():
            yield from map(walk.listing.with_page, walk.wanted(1))
        for one in self._open.values():
            if not one.walk.length:
                continue
            for page in one.walk.wanted(self._last_worth_asking(one.walk)):
                yield one.walk.listing.with_page(page)

    @property
    def is_over(self) -> bool:
        return not self._open

    @property
    def totals_are_too_high(self) -> bool:
        """Whether the latest slices that missed products of their totals were searched in vain."""
        return self._vain_slices >= _VAIN_SLICES

    @property
    def length(self) -> int:
        """Number of pages of all walks; a page that was requested twice counts once."""
        return sum(walk.length for walk in self.walks)

    @property
    def walks(self) -> Iterator[ListingPages]:
        """Every walk, finished or not."""
        yield from self.root.all_walks
        yield from self.unpriced
        yield from self.given_up

    @property
    def finished(self) -> Finished | None:
        """What an audit needs to know once the plan is over; None if nothing was served."""
        root, walk = self.root, self.root.first
        if not walk.served:
            return None
        walks = (walk, *root.others, *self.unpriced)
        prices = sorted(cents for cents in walk.prices.values() if cents is not None)
        return Finished(
            root.listing,
            root.asins.union(*(other.asins for other in (*self.unpriced, *self.given_up))),
            prices if root.parts and Way.PRICE not in self._refused else (),
            self._reach.page_size,
            self._reach.last_page,
            {other.listing.sort for other in walks},
        )

    def follow(self, listings: Iterable[ListingURL]) -> None:
        """Crawl listings in which an audit has found something that was missing."""
        if not self.root.parts:
            # What the site said were all products was only what it serves of one listing.
            self._divide_all_the_same()
            return
        for listing in listings:
            if listing.price == self.root.listing.price:
                walk = ListingPages(listing)
                self.unpriced.append(walk)
                self._follow(walk, partial(self._more_came, walk))
            else:
                part = Slice(self.root.listing.with_price(*listing.price), self.root)
                self.root.parts.append(part)
                self._follow(part.first, partial(self._part_came, part))

    def _more_came(self, walk: ListingPages) -> None:
        if walk.end is not None or walk.length >= _SAMPLE_PAGES:
            self._leave(walk)

    @property
    def pages_of_total(self) -> int:
        """Number of pages that the reported products fill; 0 if none are reported."""
        return ceil((self.root.first.total or 0) / self._reach.page_size)

    @property
    def pages_to_come(self) -> int:
        """An estimate of the pages that the open walks still need."""
        return sum(
            max(1, self._reach.pages(one.walk) - one.walk.length) for one in self._open.values()
        )

    def _follow(self, walk: ListingPages, page_came: Callable[[], None]) -> None:
        url = str(walk.listing)
        self._known.add(url)
        self._new[url] = walk
        self._open[url] = _Open(walk, page_came)

    def _leave(self, walk: ListingPages) -> None:
        url = str(walk.listing)
        self._open.pop(url, None)
        self._new.pop(url, None)

    # --- The whole listing ------------------------------------------------------------------

    def _root_came(self) -> None:
        root, walk = self.root, self.root.first
        is_enough = self._whole and walk.length >= _SAMPLE_PAGES and self._reach.cannot_be_all
        if walk.end is None and not is_enough:
            return
        self._leave(walk)
        if not self._whole:
            self._close(root)
        elif self._reach.has_no_true_total:
            self._divide_all_the_same()
        elif self._reach.may_not_be_all:
            self._reach.learn()
            if walk.without_price and self._reach.suffices_without_prices:
                self._ways = UNPRICED_FIRST
            self._divide(root)
            self._look_for_unpriced()
        else:
            self._fetch_again(root)

    def _look_for_unpriced(self) -> None:
        """Walk the whole listing in other orders while they find products without a price."""
        tried = len(self.unpriced)
        walk = self.root.next_order(tried + 1)
        has_more = self.root.is_divided_by_price and self.root.listing.price == (None, None)
        is_tried = tried >= self._effort.unpriced_orders
        if walk is None or is_tried or not has_more or not self._are_unpriced_worth_it:
            return
        *before, latest = self.root.first, *self.unpriced
        if latest.without_price.difference(*(known.without_price for known in before)):
            self.unpriced.append(walk)
            self._follow(walk, self._unpriced_came)

    @property
    def _are_unpriced_worth_it(self) -> bool:
        """Whether so many products without a price are missing that a walk may be worth its pages.

        Their share of all products is probably the one seen in the whole listing.
        """
        walk = self.root.first
        seen, total = len(walk.without_price), self._reach.size(walk)
        missing = seen * (total / max(1, len(walk.asins)) - 1)
        pages = min(_SAMPLE_PAGES, ceil(walk.served / self._reach.page_size))
        return missing * self._effort.pages_a_product >= pages

    def _unpriced_came(self) -> None:
        walk = self.unpriced[-1]
        if walk.end is not None or walk.length >= _SAMPLE_PAGES:
            self._leave(walk)
            self._look_for_unpriced()

    # --- A slice ----------------------------------------------------------------------------

    def _part_came(self, part: Slice) -> None:
        if not (self._is_way_useless(part) and self._divide_in_another_way(part)):
            self._go_on_with(part)

    def _go_on_with(self, part: Slice) -> None:
        walk = part.first
        if self._reach.is_exceeded(walk):
            self._leave(walk)
            self._divide(part)
        elif walk.end is not None or self._holds_all(part):
            self._leave(walk)
            if self._reach.cut_short(walk):
                self._divide(part)
            else:
                self._fetch_again(part)

    def _divide(self, one: Slice) -> None:
        if parts := self._parts_of(one):
            self._begin(one, parts)
        else:
            self._take_what_is_served(one)

    def _divide_all_the_same(self) -> None:
        """Divide the whole listing although the site says that it is served whole."""
        self._reach.distrust_totals()
        self._divide(self.root)

    def _parts_of(self, one: Slice) -> list[Slice]:
        """Divide a slice in the best way left; no part if there is none."""
        order = STEADY_ORDER if self._reach.is_reshuffled and one.is_in_default_order else None
        return one.divide(self._reach.most, self._refused, order, self._ways)

    def _begin(self, one: Slice, parts: list[Slice]) -> None:
        for part in parts:
            if part.listing.node != one.listing.node and (total := one.first.exact_total):
                self._widest[str(part.first.listing)] = total
            self._follow(part.first, partial(self._part_came, part))

    def _is_way_useless(self, part: Slice) -> bool:
        """Whether the latest page of a part shows that its slice must be divided in another way."""
        above = part.above
        if above is None or above.way is None or above.way in self._refused:
            return False
        refused = sum(other.is_refused for other in above.parts)
        if part.is_refused:
            begun = sum(other.first.length > 0 for other in above.parts)
            return refused == begun and refused in (_REFUSALS, len(above.parts))
        if above.way is Way.PRICE:
            is_known = self._reach.are_totals_true and part.first.length == 1
            return is_known and above.parts_overlap
        can_use_prices = Way.PRICE in above.untried - self._refused
        return can_use_prices and above.parts_leave_out_products

    def _divide_in_another_way(self, part: Slice) -> bool:
        """Give up a way that the site refuses or that divides nothing; False if there is no other.

        Slices that the site did not refuse stay, with what they have served.
        """
        above = part.above
        assert above is not None
        assert above.way is not None
        is_incomplete = not part.is_refused and above.way is not Way.PRICE
        if not is_incomplete:
            self._refused.add(above.way)
        before = list(above.parts)
        parts = self._parts_of(above)
        if not parts:
            return False
        for one in before:
            self._give_up(one)
        if is_incomplete:
            for one in before:
                self.given_up += one.all_walks
        if is_incomplete or part.is_refused:
            above.parts = parts
        self._begin(above, parts)
        if above is self.root:
            self._look_for_unpriced()
        return True

    def _give_up(self, one: Slice) -> None:
        for part in one.parts:
            self._give_up(part)
        for walk in (one.first, *one.others):
            self._leave(walk)
        if one.verdict is None:
            one.close()

    def _holds_all(self, part: Slice) -> bool:
        total = part.first.exact_total if self._reach.are_totals_true else None
        return total is not None and len(part.known) >= total

    def _last_worth_asking(self, walk: ListingPages) -> int | None:
        return None if walk is self.root.first else self._reach.pages(walk)

    # --- Missing products -------------------------------------------------------------------

    def _fetch_again(self, one: Slice) -> None:
        """Walk a slice in another order while products of it are missing; else close it."""
        walk = one.next_order(len(one.others))
        if walk is None or not one.is_short or not self._is_worth_another(one):
            self._close(one)
        else:
            one.others.append(walk)
            self._follow(walk, partial(self._take_more, one, walk))

    def _is_worth_another(self, one: Slice) -> bool:
        if one.latest_was_in_vain:
            return False
        if one.is_capped:
            return True
        if self._is_total_too_high(one):
            return False
        is_promising = one.missed * self._effort.pages_a_product >= one.first.length
        return len(one.others) < self._effort.tries and (
            is_promising or one is self.root or not one.others
        )

    def _is_total_too_high(self, one: Slice) -> bool:
        """Whether few products are missing, and none was there in the latest slices like this."""
        return self.totals_are_too_high and one.missed <= TOLERATED * (one.first.exact_total or 0)

    def _take_what_is_served(self, one: Slice) -> None:
        """Walk a slice that cannot be divided, in every sort order."""
        one.is_capped = True
        if one.first.end is None:
            self._follow(one.first, partial(self._take_more, one, one.first))
        else:
            self._fetch_again(one)

    def _take_more(self, one: Slice, walk: ListingPages) -> None:
        """Continue a walk while it may find missing products."""
        is_vain = one.is_in_vain(walk) or self._is_total_too_high(one)
        if walk.end is not None or not one.is_short or is_vain:
            self._leave(walk)
            self._fetch_again(one)

    def _close(self, one: Slice) -> None:
        if one.others and one is not self.root:
            self._vain_slices = self._vain_slices + 1 if one.latest_was_in_vain else 0
        one.close()
        above = one.above
        if above is None or any(part.verdict is None for part in above.parts):
            return
        may_have_more = above.may_have_more_than_its_parts and not self._is_total_too_high(above)
        if may_have_more and not above.is_capped:
            self._take_what_is_served(above)
        else:
            self._close(above)
