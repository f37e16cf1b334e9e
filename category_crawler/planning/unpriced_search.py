"""Looks for products without a price, which are in no slice by price. Pure."""

from math import ceil

from category_crawler.planning.listing_pages import ListingPages
from category_crawler.planning.open_walks import OpenWalks
from category_crawler.planning.reach import Reach
from category_crawler.planning.slice import Slice

SAMPLE_PAGES = 20
"""Pages to read of a listing that the site cannot serve completely: enough to learn its prices."""


class UnpricedSearch:
    """Walks of the whole listing in other orders, while they find products without a price."""

    def __init__(
        self, root: Slice, reach: Reach, open_walks: OpenWalks, orders: int, pages_a_product: int
    ) -> None:
        """``orders``: the most of these walks. ``pages_a_product``: the most pages to request for
        each product that is probably missing."""
        self.walks: list[ListingPages] = []
        self._root, self._reach, self._open = root, reach, open_walks
        self._orders, self._pages_a_product = orders, pages_a_product

    def go_on(self) -> None:
        """Begin the next walk, if the latest one has found some."""
        tried = len(self.walks)
        walk = self._root.next_order(tried + 1)
        has_more = self._root.is_divided_by_price and self._root.listing.price == (None, None)
        is_tried = tried >= self._orders
        if walk is None or is_tried or not has_more or not self._is_worth_it:
            return
        *before, latest = self._root.first, *self.walks
        if latest.without_price.difference(*(known.without_price for known in before)):
            self.walks.append(walk)
            self._open.follow(walk, self._page_came)

    def _page_came(self) -> None:
        walk = self.walks[-1]
        if walk.end is not None or walk.length >= SAMPLE_PAGES:
            self._open.leave(walk)
            self.go_on()

    @property
    def _is_worth_it(self) -> bool:
        """Whether so many products without a price are missing that a walk may be worth its pages.

        Their share of all products is probably the one seen in the whole listing.
        """
        walk = self._root.first
        seen, total = len(walk.without_price), self._reach.size(walk)
        missing = seen * (total / max(1, len(walk.asins)) - 1)
        pages = min(SAMPLE_PAGES, ceil(walk.served / self._reach.page_size))
        return missing * self._pages_a_product >= pages
