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
from category_crawler.planning.audit import Finished, Trust
from category_crawler.planning.known_plan import KnownPlan
from category_crawler.planning.listing_pages import ListingPages
from category_crawler.planning.open_walks import OpenWalks
from category_crawler.planning.reach import TOLERATED, Reach
from category_crawler.planning.slice import STEADY_ORDER, UNPRICED_FIRST, Slice, Way
from category_crawler.planning.unpriced_search import SAMPLE_PAGES, UnpricedSearch
from category_crawler.planning.unread_slices import UnreadSlices
from category_crawler.run.journal import TOO_WIDE, PageRecord

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


class Partition:
    """The whole listing and its slices so far."""

    def __init__(
        self,
        listing: ListingURL,
        effort: Effort,
        *,
        whole: bool = True,
        known: KnownPlan | None = None,
    ) -> None:
        self.root = Slice(listing)
        self.given_up: list[ListingPages] = []
        """Walks of brands or nodes that turned out not to hold all products of the slice above."""
        self._ways: Sequence[Way] = tuple(Way)
        """Ways to divide, best first."""
        self._effort = effort
        self._whole = whole
        self._reach = Reach(self.root)
        self.refused: set[Way] = set()
        """Ways to divide that the site does not apply, or that divide nothing."""
        self._vain_slices = 0
        """Number of latest slices that were walked again and showed no new product."""
        self._open = OpenWalks()
        self._search = UnpricedSearch(
            self.root, self._reach, self._open, effort.unpriced_orders, effort.pages_a_product
        )
        self._known = known
        self.is_repeat = False
        """Whether the category was divided as in an earlier run."""
        self._unread = UnreadSlices(self.root, self._open, self._close, self._parts_closed)
        self._widest: dict[str, int] = {}
        """Of each part by node (canonical URL): the total of the slice above."""
        self._open.follow(self.root.first, self._root_came)

    def add(self, record: PageRecord) -> None:
        """Add a finished page; a page of a walk that is no longer open is ignored."""
        if self.is_too_wide(record.listing, record.total):
            record = replace(record, kind=TOO_WIDE, asins=(), prices=(), total=None)
        self._open.add(record)
        self._unread.settle()

    def is_too_wide(self, listing: str, total: int | None) -> bool:
        """Whether a part by node (canonical URL) has more products than the slice above it: the
        rail listed a node that is not below."""
        widest = self._widest.get(listing)
        return widest is not None and total is not None and total > widest

    def knows(self, listing: str) -> bool:
        """Whether a listing (canonical URL) is part of the plan."""
        return self._open.knows(listing)

    def needs_second_request(self, listing: ListingURL) -> bool:
        """Whether this page was doubtful and must be requested once more."""
        return self._open.needs_second_request(listing)

    def wanted(self) -> Iterator[ListingURL]:
        """Listing pages to request, best first."""
        return self._open.wanted(self._last_worth_asking)

    @property
    def is_orderly(self) -> bool:
        """Whether the site's totals are true and its results stay in place."""
        return self._reach.are_totals_true and not self._reach.is_reshuffled

    @property
    def served_of_one_listing(self) -> int:
        """The most products of one listing that the site serves, as far as was seen."""
        return self._reach.served

    @property
    def is_over(self) -> bool:
        return not self._open

    @property
    def totals_are_too_high(self) -> bool:
        """Whether the latest slices that missed products of their totals were searched in vain."""
        return self._vain_slices >= _VAIN_SLICES

    @property
    def unpriced(self) -> list[ListingPages]:
        """Walks of the whole listing in other orders, to find products without a price."""
        return self._search.walks

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
        if self._unread.priced is not None:
            yield self._unread.priced

    @property
    def trust(self) -> Trust:
        """What the earlier run tells about this plan."""
        known = self._known
        if known is not None and known.is_vouched and known.total == self.root.first.total:
            return Trust.VOUCHED
        return Trust.DIVIDED if self.is_repeat else Trust.NONE

    @property
    def finished(self) -> Finished | None:
        """What an audit needs to know once the plan is over; None if nothing was served."""
        root, walk = self.root, self.root.first
        if not walk.served:
            return None
        walks = (walk, *root.others, *self.unpriced)
        ends = self._known.prices if self._known and self.is_repeat else ()
        prices = sorted([*ends, *(cents for cents in walk.prices.values() if cents is not None)])
        return Finished(
            root.listing,
            root.asins.union(*(other.asins for other in (*self.unpriced, *self.given_up))),
            prices if root.parts and Way.PRICE not in self.refused else (),
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
                self._open.follow(walk, partial(self._more_came, walk))
            else:
                part = Slice(self.root.listing.with_price(*listing.price), self.root)
                self.root.parts.append(part)
                self._open.follow(part.first, partial(self._part_came, part))

    def _more_came(self, walk: ListingPages) -> None:
        if walk.end is not None or walk.length >= SAMPLE_PAGES:
            self._open.leave(walk)

    @property
    def cannot_be_one(self) -> bool:
        """Whether the whole listing's strip shows fewer pages than its total needs."""
        return self._reach.cannot_be_all

    @property
    def pages_of_sample(self) -> int:
        """Number of pages of the whole listing that are read before it is divided."""
        return min(SAMPLE_PAGES, self.root.first.last_page or 1)

    @property
    def pages_of_total(self) -> int:
        """Number of pages that the reported products fill; 0 if none are reported."""
        return ceil((self.root.first.total or 0) / self._reach.page_size)

    @property
    def pages_to_come(self) -> int:
        """An estimate of the pages that the open walks still need."""
        return sum(max(1, self._reach.pages(walk) - walk.length) for walk in self._open)

    # --- The whole listing ------------------------------------------------------------------

    def _root_came(self) -> None:
        root, walk = self.root, self.root.first
        if self._begins_as_known():
            self._divide_as_known()
        is_enough = self._whole and walk.length >= SAMPLE_PAGES and self._reach.cannot_be_all
        if walk.end is None and not is_enough:
            return
        self._open.leave(walk)
        if self.is_repeat:
            self._search.go_on()
        elif not self._whole:
            self._close(root)
        elif self._reach.has_no_true_total:
            self._divide_all_the_same()
        elif self._reach.may_not_be_all:
            self._reach.learn()
            if walk.without_price and self._reach.suffices_without_prices:
                self._ways = UNPRICED_FIRST
            self._divide(root)
            self._search.go_on()
        else:
            self._fetch_again(root)

    def _begins_as_known(self) -> bool:
        walk = self.root.first
        return self._known is not None and walk.length == 1 and self._known.holds(walk)

    def _divide_as_known(self) -> None:
        """Divide the whole listing as an earlier run did; read no more of it than is needed."""
        assert self._known is not None
        root, known, self.is_repeat = self.root, self._known, True
        self._reach.recall(known.served)
        self.refused.update(known.refused)
        self._begin(root, known.divide(root), self._known_came)
        if not (known.unpriced and root.is_divided_by_price):
            self._open.leave(root.first)

    def _known_came(self, part: Slice) -> None:
        self._reach.compare(part.first)
        self._part_came(part)

    # --- A slice ----------------------------------------------------------------------------

    def _part_came(self, part: Slice) -> None:
        if not (self._is_way_useless(part) and self._divide_in_another_way(part)):
            self._go_on_with(part)

    def _go_on_with(self, part: Slice) -> None:
        walk = part.first
        if self._reach.is_exceeded(walk):
            self._open.leave(walk)
            self._divide(part)
        elif walk.end is not None or self._holds_all(part):
            self._open.leave(walk)
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
        return one.divide(self._reach.most, self.refused, order, self._ways)

    def _begin(
        self,
        one: Slice,
        parts: Iterable[Slice],
        page_came: Callable[[Slice], None] | None = None,
    ) -> None:
        for part in parts:
            if part.listing.node != one.listing.node and (total := one.first.exact_total):
                self._widest[str(part.first.listing)] = total
            self._open.follow(part.first, partial(page_came or self._part_came, part))

    def _is_way_useless(self, part: Slice) -> bool:
        """Whether the latest page of a part shows that its slice must be divided in another way."""
        above = part.above
        if above is None or above.way is None or above.way in self.refused:
            return False
        refused = sum(other.is_refused for other in above.parts)
        if part.is_refused:
            begun = sum(other.first.length > 0 for other in above.parts)
            return refused == begun and refused in (_REFUSALS, len(above.parts))
        if above.way is Way.PRICE:
            is_known = self._reach.are_totals_true and part.first.length == 1
            return is_known and above.parts_overlap
        can_use_prices = Way.PRICE in above.untried - self.refused
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
            self.refused.add(above.way)
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
            self._search.go_on()
        return True

    def _give_up(self, one: Slice) -> None:
        for part in one.parts:
            self._give_up(part)
        for walk in (one.first, *one.others):
            self._open.leave(walk)
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
            self._open.follow(walk, partial(self._take_more, one, walk))

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
            self._open.follow(one.first, partial(self._take_more, one, one.first))
        else:
            self._fetch_again(one)

    def _take_more(self, one: Slice, walk: ListingPages) -> None:
        """Continue a walk while it may find missing products."""
        is_vain = one.is_in_vain(walk) or self._is_total_too_high(one)
        if walk.end is not None or not one.is_short or is_vain:
            self._open.leave(walk)
            self._fetch_again(one)

    def _close(self, one: Slice) -> None:
        if one.others and one is not self.root:
            self._vain_slices = self._vain_slices + 1 if one.latest_was_in_vain else 0
        one.close()
        above = one.above
        if above is None or any(part.verdict is None for part in above.parts):
            return
        if above.is_unread and not above.is_divided_by_price:
            self._unread.add(above)
        else:
            self._parts_closed(above)

    def _parts_closed(self, one: Slice) -> None:
        may_have_more = one.may_have_more_than_its_parts and not self._is_total_too_high(one)
        if may_have_more and not one.is_capped:
            self._take_what_is_served(one)
        else:
            self._close(one)
