"""How much the site serves of one listing, as the walk of the whole one shows. Pure."""

from math import ceil

from category_crawler.planning.listing_pages import NOT_CRAWLED, End, ListingPages
from category_crawler.planning.slice import FULL, Slice

TOLERATED = 0.03
"""A total that is wrong by less than this share does not make a list incomplete."""
_CHURN = 0.01
"""If more than this share of results repeats, the site reshuffles results between requests."""
_PAGES_IF_RESHUFFLED = 5
"""Most pages of a slice if the site reshuffles: with fewer pages, fewer products are missed."""
_FEW = 3
"""Products by which a small listing may grow or shrink while it is walked."""
_STOPPED = 0.9
"""A listing that served less than this share of its total was cut short by the site."""
_ENDS_OF_ALL = (End.NO_NEXT_LINK, End.PAST_THE_END, End.NO_ORGANIC_CARD)
"""Ends of a listing whose every page brought something new."""


class Reach:
    """The most products of one listing that the site serves, and whether its totals are true."""

    def __init__(self, root: Slice) -> None:
        self._root, self._walk = root, root.first
        self._products: int | None = None
        """None until the whole listing has been walked."""
        self._counts_are_capped = False
        """Whether the site reports no more products of a listing than it serves, or no total."""
        self._is_recalled = False
        """Whether an earlier run has found the totals to be true and steady."""

    def recall(self, served: int) -> None:
        """An earlier run has found that the site serves so many products of one listing, and that
        its totals are true."""
        self._products, self._is_recalled = served, True

    def compare(self, walk: ListingPages) -> None:
        """Rely on an earlier run no longer if a listing's totals differ by more than its catalogue
        changes meanwhile."""
        self._is_recalled &= walk.spread <= max(_FEW, TOLERATED * walk.expected)

    def learn(self) -> None:
        """The whole listing has been walked, or enough of it, and may hold more products."""
        walk = self._walk
        if walk.end is End.NOTHING_NEW:
            self._products = len(walk.asins)
        else:
            self._products = walk.served if walk.end else walk.page_size * (walk.last_page or 1)

    def distrust_totals(self) -> None:
        """What the site says were all products was only what it serves of one listing."""
        self._products, self._counts_are_capped = self._walk.served, True

    @property
    def cannot_be_all(self) -> bool:
        """Whether the whole listing's strip shows fewer pages than its total needs."""
        shown, total = self._walk.last_page, self._walk.total
        return shown is not None and total is not None and shown * self._walk.page_size < total

    @property
    def may_not_be_all(self) -> bool:
        """Whether the site may not have served the whole listing; a rounded total may be larger."""
        walk = self._walk
        if walk.total is None or walk.end is End.NO_RESULTS:
            return False
        return walk.end is None or walk.total_is_rounded or walk.served < walk.total

    @property
    def has_no_true_total(self) -> bool:
        """Whether the whole listing has several pages and no total, or one that is too low."""
        walk = self._walk
        if walk.end not in _ENDS_OF_ALL or walk.length < 2:
            return False
        return walk.total is None or len(walk.asins) > (1 + TOLERATED) * walk.total

    @property
    def are_totals_true(self) -> bool:
        """Whether every page of the whole listing reports the same total, not a capped one."""
        return self._is_steady and not self._counts_are_capped

    @property
    def _is_steady(self) -> bool:
        return self._walk.is_steady and (self._walk.length > 1 or self._is_recalled)

    @property
    def is_reshuffled(self) -> bool:
        """Whether results change places between requests."""
        walk = self._walk
        is_repeated = walk.end is End.NOTHING_NEW
        return not is_repeated and walk.served - len(walk.asins) > _CHURN * walk.served

    @property
    def served(self) -> int:
        """The most products of one listing that the site serves, as far as was seen."""
        return self._products or self._walk.served

    @property
    def page_size(self) -> int:
        """Organic results of a full page."""
        return max(1, self._walk.page_size)

    @property
    def last_page(self) -> int:
        """The last page that the site serves of a listing."""
        return max(1, self.served // self.page_size)

    @property
    def most(self) -> int:
        """Most products of a slice: as many as the site serves, or fewer if it reshuffles."""
        reach = self.served
        if self.is_reshuffled and not self._root.is_in_default_order:
            return min(reach, _PAGES_IF_RESHUFFLED * self.page_size)
        return reach

    @property
    def suffices_without_prices(self) -> bool:
        """Whether brands and nodes may make slices that the site serves whole."""
        walk = self._walk
        if walk.exact_total is None or not (walk.brands or walk.nodes):
            return False
        parts = max(1, len(walk.brands)) * max(1, len(walk.nodes))
        return walk.exact_total <= FULL * self.most * parts

    def size(self, walk: ListingPages) -> int:
        """Number of products of a listing: its total or, if totals are unreliable, by its strip."""
        if self.are_totals_true and walk.total is not None:
            return walk.total
        return (walk.last_page or 1) * self.page_size

    def pages(self, walk: ListingPages) -> int:
        """An estimate of all pages of a walk."""
        size = self.size(walk) if walk.length else self.most
        return ceil(min(size, self._products or size) / self.page_size)

    def is_exceeded(self, walk: ListingPages) -> bool:
        """Whether a listing's first page shows that the site will not serve all of it."""
        if walk.length != 1 or walk.end is not None or self._products is None:
            return False
        if self._counts_are_capped:
            return self.size(walk) >= self._products
        return self.size(walk) > min(self._products, self.most + 2 * self.page_size)

    def cut_short(self, walk: ListingPages) -> bool:
        """Whether the site stopped serving a listing before its last product."""
        total = walk.total
        if walk.end in (None, End.NO_RESULTS, *NOT_CRAWLED):
            return False
        at_reach = self._products is not None and walk.served >= self._products
        if self._counts_are_capped or total is None:
            return self._counts_are_capped and at_reach
        if self._is_steady and not walk.total_is_rounded and walk.served >= total:
            return False
        return at_reach or (self._is_steady and self.page_size <= walk.served < _STOPPED * total)
