"""Closes known slices of which only the parts were requested. Pure.

A first run requests a slice, sees that the site does not serve all of it, and then requests its
parts. The next run requests the parts alone. Whether they still hold the whole slice is proved at
the end: by the total of the whole listing, or of all products with a price, or, if these tell that
a product is missing somewhere, by the total of each slice.
"""

from collections.abc import Callable
from functools import partial

from category_crawler.planning.listing_pages import ListingPages
from category_crawler.planning.open_walks import OpenWalks
from category_crawler.planning.slice import Slice

_FREE_CENTS = 0
"""A price range from here on leaves out only the products without a price."""


class UnreadSlices:
    """Slices whose own total was not read and whose parts are all closed."""

    def __init__(
        self,
        root: Slice,
        open_walks: OpenWalks,
        close: Callable[[Slice], None],
        parts_closed: Callable[[Slice], None],
    ) -> None:
        """``close`` sets a slice's verdict from its parts; ``parts_closed`` judges them by the
        slice's total, once it was read."""
        self.priced: ListingPages | None = None
        """All products with a price, of which one page is requested for its total."""
        self._slices: list[Slice] = []
        self._root, self._open = root, open_walks
        self._close, self._parts_closed = close, parts_closed

    def add(self, one: Slice) -> None:
        """Add a slice whose parts are all closed."""
        self._slices.append(one)

    def settle(self) -> None:
        """Once no other walk is open, close the slices, or request what proves them."""
        while self._slices and not self._open:
            if self._are_proved:
                self._hand_over(self._close)
            elif self.priced is None and self._may_lack_unpriced_only:
                self.priced = ListingPages(self._root.listing.with_price(_FREE_CENTS, None))
                self._open.follow(self.priced, partial(self._leave, self.priced))
            else:
                self._hand_over(self._read)

    @property
    def _are_proved(self) -> bool:
        """Whether no product is missing, or none with a price."""
        root, priced = self._root, self.priced
        if len(root.asins) == root.first.exact_total:
            return True
        if priced is None or priced.exact_total is None:
            return False
        found = set[str]().union(*(part.asins for part in root.parts))
        return found.issuperset(priced.asins) and len(found) == priced.exact_total

    @property
    def _may_lack_unpriced_only(self) -> bool:
        root = self._root
        return root.is_divided_by_price and root.listing.price == (None, None)

    def _hand_over(self, take: Callable[[Slice], None]) -> None:
        slices, self._slices = self._slices, []
        for one in slices:
            take(one)

    def _read(self, one: Slice) -> None:
        self._open.follow(one.first, partial(self._first_came, one))

    def _first_came(self, one: Slice) -> None:
        if one.first.length:
            self._leave(one.first)
            self._parts_closed(one)

    def _leave(self, walk: ListingPages) -> None:
        if walk.length:
            self._open.leave(walk)
