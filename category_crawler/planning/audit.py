"""Measures how complete a finished plan is, whatever total the site reports. Pure.

It requests a few pages at random where the plan did not look: one page of the whole listing in an
order not used yet, then random pages of narrow price ranges in other orders. Ranges are drawn by
the density of the prices found. The share of their products that the plan had found bounds the
recall from below.
"""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, sqrt

from category_crawler.listing_url import ListingURL
from category_crawler.planning.slice import ORDERS
from category_crawler.run.journal import PageRecord
from category_crawler.run.records import AuditResult

PAGES = 10
"""Most pages of an audit."""
_SHARE = 10
"""At most one of so many pages of a run is the audit's; one page in any case."""
_SHARE_OF_REPEAT = 40
"""The same of a run that was divided as an earlier one, whose audit measured the same slices."""
_LEAST_PAGES = 5
"""A plan of fewer pages is not audited: no shop is known to serve so little of a listing."""
_WINDOW_PAGES = 3
"""Pages that a price range should fill."""
_Z = 1.96
"""Standard deviations of a two-sided interval of 95 %."""


class Trust(Enum):
    """What an earlier run tells about a finished plan."""

    NONE = auto()
    DIVIDED = auto()
    """The category was divided as then."""
    VOUCHED = auto()
    """The site reports the total that an audit confirmed then."""


def pages_of_audit(most: int, finished: int, trust: Trust = Trust.NONE) -> int:
    """Number of pages to audit a plan of so many finished pages."""
    if finished < _LEAST_PAGES:
        return 0
    least = 0 if trust is Trust.VOUCHED else 1
    share = _SHARE if trust is Trust.NONE else _SHARE_OF_REPEAT
    return min(most, max(least, finished // (share - 1)))


@dataclass(frozen=True, slots=True)
class Finished:
    """What an audit needs to know of a finished plan."""

    listing: ListingURL
    """The whole listing."""
    found: Collection[str]
    """Every product found."""
    prices: Sequence[int]
    """Cents of some of them, sorted; empty if price ranges cannot be requested."""
    page_size: int
    last_page: int
    """The last page that the site serves of the whole listing."""
    used_orders: Collection[str | None]
    """Sort orders in which the plan walked the whole listing."""


class Audit:
    """The pages of one audit, and what they showed."""

    def __init__(self, plan: Finished, pages: int, seed: str) -> None:
        self._found = plan.found
        self._seen: set[str] = set()
        self._answered = 0
        self.unknown: dict[ListingURL, set[str]] = {}
        """Products that the plan had not found, by the listing that showed them."""
        self._open = set(_choose(plan, pages, random.Random(seed)))  # noqa: S311, no secret
        self._listings = {str(page.with_page(1)): page.with_page(1) for page in self._open}

    @property
    def wanted(self) -> list[ListingURL]:
        """The pages to request."""
        return sorted(self._open, key=str)

    @property
    def is_over(self) -> bool:
        return not self._open

    def knows(self, listing: str) -> bool:
        """Whether pages of a listing (canonical URL) are part of the audit."""
        return listing in self._listings

    def add(self, record: PageRecord) -> None:
        """Add a finished page; a page that is not part of the audit is ignored."""
        listing = self._listings.get(record.listing)
        if listing is None or listing.with_page(record.page) not in self._open:
            return
        self._open.remove(listing.with_page(record.page))
        self._answered += 1
        self._seen.update(record.asins)
        if unknown := set(record.asins).difference(self._found):
            self.unknown.setdefault(listing, set()).update(unknown)

    @property
    def result(self) -> AuditResult:
        """What it showed so far."""
        known = len(self._seen.intersection(self._found))
        return AuditResult(
            pages=self._answered,
            seen=len(self._seen),
            known=known,
            at_least=round(lower_bound(known, len(self._seen)), 4) if self._seen else None,
        )


def lower_bound(known: int, seen: int) -> float:
    """The lower end of the Wilson interval (95 %) of a share."""
    share, correction = known / seen, _Z**2 / seen
    centre = share + correction / 2
    margin = _Z * sqrt(share * (1 - share) / seen + correction / (4 * seen))
    return max(0.0, (centre - margin) / (1 + correction))


def _choose(plan: Finished, pages: int, chance: random.Random) -> Iterator[ListingURL]:
    orders = [order for order in ORDERS if order not in plan.used_orders] or list(ORDERS)
    yield plan.listing.with_sort(orders[0]).with_page(chance.randint(1, plan.last_page))
    for _ in range(pages - 1):
        order = chance.choice(ORDERS)
        if len(plan.prices) < 2:
            yield plan.listing.with_sort(order).with_page(chance.randint(1, plan.last_page))
        else:
            low, high, most = _window(plan, chance)
            window = plan.listing.with_price(low, high).with_sort(order)
            yield window.with_page(chance.randint(1, most))


def _window(plan: Finished, chance: random.Random) -> tuple[int, int, int]:
    """A price range of about ``_WINDOW_PAGES`` pages, and the pages that it should fill."""
    weight = max(1.0, len(plan.found) / len(plan.prices))
    step = max(1, int(_WINDOW_PAGES * plan.page_size / weight))
    begin = chance.randrange(len(plan.prices))
    end = min(begin + step, len(plan.prices) - 1)
    pages = ceil((end - begin) * weight / plan.page_size)
    return plan.prices[begin], plan.prices[end], max(1, min(pages, _WINDOW_PAGES))
