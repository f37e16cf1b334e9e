"""Dividing a category into listings that the site serves whole: a function of the journal. Pure.

The whole listing is walked first, which tells how many products there are, how many the site
serves of one listing, and what they cost. Where that may not be all, the listing is cut by price;
a slice whose first page reports more than the site serves is cut again. One price with too many
products is divided by brand, then by sub-node, and what is still not served is looked for in
other sort orders. Products without a price lie in no slice: some are found by walking the whole
listing in other orders.

Only prices in the marketplace's own currency count, for its price refinement is in that. Where none
is seen, the listing is divided by brand and sub-node.

What becomes of a slice depends on its own pages and on those it was cut from, not on the order in
which pages arrive. A slice is always smaller than the one it is made of, so that every plan ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil

from category_crawler.listing_url import ListingURL
from category_crawler.planning.slice import Slice
from category_crawler.planning.walk import End, Walk
from category_crawler.run.journal import PageRecord

_SAMPLE_PAGES = 20
"""Pages of a listing that cannot be whole: enough to see what its products cost."""
_CHURN = 0.01
"""Share of results that slip from page to page unseen where the site reshuffles them."""
_PAGES_IF_RESHUFFLED = 5
"""The fewer pages a slice has, the fewer products slip from one to another unseen."""
_STOPPED = 0.9
"""A listing that ends with a smaller share of its total has been cut short."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked of the site to find what is missing."""

    tries: int = 2
    """Times that a slice is fetched again when products of it were missed."""
    pages_a_product: int = 4
    """Pages that one product missed is worth, once a slice was fetched twice."""
    unpriced_orders: int = 2
    """Further orders of the whole listing, for products without a price."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A walk that is going on."""

    walk: Walk
    page_came: Callable[[], None]


class Partition:
    """The whole listing and the slices made of it so far."""

    def __init__(self, listing: ListingURL, effort: Effort, *, whole: bool = True) -> None:
        self.root = Slice(listing)
        self.unpriced: list[Walk] = []
        """The whole listing in other orders, for products without a price."""
        self._effort = effort
        self._whole = whole
        self._reach: int | None = None
        """Products that the site serves of one listing, once a listing was cut short."""
        self._open: dict[str, _Open] = {}
        self._known: set[str] = set()
        self._follow(self.root.first, self._root_came)

    def add(self, record: PageRecord) -> None:
        """Take in a finished page; one of a walk that has been left changes nothing."""
        going_on = self._open.get(record.listing)
        if going_on is not None:
            going_on.walk.add(record)
            going_on.page_came()

    def knows(self, listing: str) -> bool:
        """Whether a listing (canonical URL) is part of the plan."""
        return listing in self._known

    def is_denied(self, listing: ListingURL) -> bool:
        """Whether this page said "no results" and is asked for once more."""
        one = self._open.get(str(listing.with_page(1)))
        return one is not None and one.walk.is_denied and listing.page == one.walk.length + 1

    def wanted(self) -> Iterator[ListingURL]:
        """Listing pages to request, in the order that is best where one comes after the other."""
        for one in self._open.values():
            for page in one.walk.wanted(self._last_worth_asking(one.walk)):
                yield one.walk.listing.with_page(page)

    @property
    def is_over(self) -> bool:
        return not self._open

    @property
    def pages_to_come(self) -> int:
        """An estimate of the pages that the walks going on still need."""
        return sum(max(1, self._pages(one.walk) - one.walk.length) for one in self._open.values())

    def _follow(self, walk: Walk, page_came: Callable[[], None]) -> None:
        url = str(walk.listing)
        self._known.add(url)
        self._open[url] = _Open(walk, page_came)

    def _leave(self, walk: Walk) -> None:
        self._open.pop(str(walk.listing), None)

    # --- The whole listing ------------------------------------------------------------------

    def _root_came(self) -> None:
        root, walk = self.root, self.root.first
        is_enough = self._whole and walk.length >= _SAMPLE_PAGES and _cannot_be_whole(walk)
        if walk.end is None and not is_enough:
            return
        self._leave(walk)
        if not self._whole:
            self._close(root)
        elif _may_hold_more(walk):
            self._reach = walk.served if walk.end else walk.page_size * (walk.last_page or 1)
            self._divide(root)
            self._look_for_unpriced()
        else:
            self._fetch_again(root)

    def _look_for_unpriced(self) -> None:
        """Walk the whole listing in another order while that finds products without a price."""
        tried = len(self.unpriced)
        walk = self.root.next_order(tried + 1)
        has_more = self.root.is_divided_by_price and self.root.listing.price == (None, None)
        if not (walk and has_more and tried < self._effort.unpriced_orders):
            return
        *before, latest = self.root.first, *self.unpriced
        if latest.without_price.difference(*(known.without_price for known in before)):
            self.unpriced.append(walk)
            self._follow(walk, self._unpriced_came)

    def _unpriced_came(self) -> None:
        walk = self.unpriced[-1]
        if walk.end is not None or walk.length >= _SAMPLE_PAGES:
            self._leave(walk)
            self._look_for_unpriced()

    # --- A slice ----------------------------------------------------------------------------

    def _part_came(self, part: Slice) -> None:
        walk = part.first
        if self._is_too_large(walk):
            self._leave(walk)
            self._divide(part)
        elif walk.end is not None or self._holds_all(part):
            self._leave(walk)
            if self._was_cut_short(walk):
                self._divide(part)
            else:
                self._fetch_again(part)

    def _divide(self, one: Slice) -> None:
        one.divide(self._most)
        for part in one.parts:
            self._follow(part.first, partial(self._part_came, part))
        if not one.parts:
            self._take_what_is_served(one)

    def _is_too_large(self, walk: Walk) -> bool:
        """Whether its first page says that the site will not serve it whole."""
        if walk.length != 1 or walk.end is not None or self._reach is None:
            return False
        return self._size(walk) > min(self._reach, self._most + 2 * self._page_size)

    def _size(self, walk: Walk) -> int:
        """Products of a listing, by its total; where totals cannot be believed, by its strip."""
        if self._is_steady and walk.total is not None:
            return walk.total
        return (walk.last_page or 1) * self._page_size

    def _holds_all(self, part: Slice) -> bool:
        total = part.first.exact_total if self._is_steady else None
        return total is not None and len(part.known) >= total

    def _was_cut_short(self, walk: Walk) -> bool:
        """Whether a walk ended before its products did."""
        total = walk.total
        if walk.end in (None, End.NO_RESULTS, End.NOT_APPLIED) or total is None:
            return False
        if self._is_steady and not walk.total_is_rounded and walk.served >= total:
            return False
        at_reach = self._reach is not None and walk.served >= self._reach
        return at_reach or (self._is_steady and self._page_size <= walk.served < _STOPPED * total)

    @property
    def _is_steady(self) -> bool:
        """Whether totals can be believed: the whole listing's is the same on each of its pages."""
        return self.root.first.is_steady and self.root.first.length > 1

    @property
    def _page_size(self) -> int:
        return max(1, self.root.first.page_size)

    @property
    def _most(self) -> int:
        """Products that a slice may hold: what the site serves, or less where it reshuffles."""
        walk = self.root.first
        reach = self._reach or walk.served
        if walk.served - len(walk.asins) > _CHURN * walk.served:
            return min(reach, _PAGES_IF_RESHUFFLED * self._page_size)
        return reach

    def _pages(self, walk: Walk) -> int:
        """About how many pages a walk has in all."""
        size = self._size(walk) if walk.length else self._most
        return ceil(min(size, self._reach or size) / self._page_size)

    def _last_worth_asking(self, walk: Walk) -> int | None:
        return None if walk is self.root.first else self._pages(walk)

    # --- What was missed --------------------------------------------------------------------

    def _fetch_again(self, one: Slice) -> None:
        """Walk a slice in other orders as long as products of it are missed."""
        walk = one.next_order(len(one.others))
        if walk is None or not one.is_short or not self._is_worth_another(one):
            self._close(one)
        else:
            one.others.append(walk)
            self._follow(walk, partial(self._take_more, one, walk))

    def _is_worth_another(self, one: Slice) -> bool:
        if one.is_capped:
            return not one.latest_was_in_vain
        is_promising = one.missed * self._effort.pages_a_product >= one.first.length
        return len(one.others) < self._effort.tries and (
            is_promising or one is self.root or not one.others
        )

    def _take_what_is_served(self, one: Slice) -> None:
        """Walk a slice that cannot be divided: what the site serves of it in every order."""
        one.is_capped = True
        if one.first.end is None:
            self._follow(one.first, partial(self._take_more, one, one.first))
        else:
            self._fetch_again(one)

    def _take_more(self, one: Slice, walk: Walk) -> None:
        """Follow a walk for products that were missed, as long as it may bring some."""
        if walk.end is not None or not one.is_short or one.is_in_vain(walk):
            self._leave(walk)
            self._fetch_again(one)

    def _close(self, one: Slice) -> None:
        one.close()
        above = one.above
        if above is None or any(part.verdict is None for part in above.parts):
            return
        if above.may_have_more_than_its_parts and not above.is_capped:
            self._take_what_is_served(above)
        else:
            self._close(above)


def _cannot_be_whole(walk: Walk) -> bool:
    """Whether the strip promises fewer pages than the total needs."""
    shown, total = walk.last_page, walk.total
    return shown is not None and total is not None and shown * walk.page_size < total


def _may_hold_more(walk: Walk) -> bool:
    """Whether a listing may hold products that it did not serve; a rounded total never tells."""
    if walk.total is None or walk.end is End.NO_RESULTS:
        return False
    return walk.end is None or walk.total_is_rounded or walk.served < walk.total
