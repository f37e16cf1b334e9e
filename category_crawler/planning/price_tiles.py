"""Cuts a price range into slices whose pages are full, from the price of every product. Pure.

The last page of a slice is seldom full, and that is all that a slice wastes which the site serves
whole. So the cuts lie where the products just fill pages, as far as products of one price allow it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, sqrt

from category_crawler.listing_url import Bounds, within


@dataclass(frozen=True, slots=True)
class Tile:
    """A price range, and the number of products with a price in it."""

    bounds: Bounds
    products: int


@dataclass(frozen=True, slots=True)
class _Size:
    """How large slices may be."""

    page: int
    """Products of a full page."""
    pages: int
    """Most pages of a slice of several prices."""
    most: int
    """Most products that the site serves of a slice."""


def tiles(prices: Sequence[int], bounds: Bounds, most: int, page_size: int) -> list[Tile]:
    """The range without gaps or overlaps, in slices that take the fewest pages together.

    ``prices`` are the cents of every product; ``most`` products are served of one slice. Slices
    stay a little below that, because the next run finds other products. A price with more products
    is a slice of its own. Empty if no price is in the range.
    """
    counted = sorted(Counter(price for price in prices if within(price, bounds)).items())
    size = _Size(page_size, max(1, with_margin(most) // page_size), most)
    ends = [end for run in _runs(counted, most) for end in _ends(run, size)]
    low, made = bounds[0], list[Tile]()
    for index, (end, products) in enumerate(ends):
        high = bounds[1] if index == len(ends) - 1 else end
        made.append(Tile((low, high), products))
        low = end + 1
    return made


def with_margin(most: int) -> int:
    """Most products of a slice that may have others in the next run."""
    return int(most - sqrt(most))


def _runs(counted: Sequence[tuple[int, int]], most: int) -> Iterator[list[tuple[int, int]]]:
    """Prices with their numbers: those between prices that are too large for a slice, and each of
    these on its own. A run that such a price follows goes on until just below it."""
    run: list[tuple[int, int]] = []
    for price, products in counted:
        if products <= most:
            run.append((price, products))
            continue
        if run:
            last, held = run.pop()
            yield [*run, (max(last, price - 1), held)]
        yield [(price, products)]
        run = []
    if run:
        yield run


def _ends(run: Sequence[tuple[int, int]], size: _Size) -> list[tuple[int, int]]:
    """Highest price and products of each slice of a run, for the fewest pages.

    The farther so many pages lead, the fewer are left; so it is enough to know, for each number of
    pages, how far they lead at most.
    """
    if len(run) == 1:
        return list(run)
    below = list(accumulate((products for _, products in run), initial=0))
    farthest, before = [0], [0]
    while farthest[-1] < len(run):
        pages = len(farthest)
        end, length = max(_slices_to(pages, farthest, below, size))
        leads_on = end > farthest[-1]
        farthest.append(end if leads_on else farthest[-1])
        before.append(pages - (length if leads_on else 1))
    return list(_walked_back(run, below, farthest, before))


def _slices_to(
    pages: int, farthest: Sequence[int], below: Sequence[int], size: _Size
) -> Iterator[tuple[int, int]]:
    """How far so many pages lead if the last slice has 1, 2, 3 … of them, and that number."""
    for length in range(1, min(pages, ceil(size.most / size.page)) + 1):
        begin = farthest[pages - length]
        end = bisect_right(below, below[begin] + length * size.page) - 1
        yield (end if length <= size.pages else min(end, begin + 1)), length


def _walked_back(
    run: Sequence[tuple[int, int]],
    below: Sequence[int],
    farthest: Sequence[int],
    before: Sequence[int],
) -> Iterator[tuple[int, int]]:
    """The slices on the way, first to last."""
    pages, marks = len(farthest) - 1, [len(run)]
    while pages:
        pages = before[pages]
        if farthest[pages] < marks[-1]:
            marks.append(farthest[pages])
    marks.reverse()
    for begin, end in pairwise(marks):
        yield run[end - 1][0], below[end] - below[begin]
