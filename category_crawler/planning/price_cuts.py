"""Cuts a price range into parts of similar size, from a sample of prices. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from category_crawler.listing_url import Bounds, within

_CAUTION = 1.0
"""Safety margin, in standard deviations, so that a part is not larger than the site serves."""
_FEWEST_SEEN = 4
"""Least prices of the sample per part; with fewer, the cuts would be guesses."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Prices seen in a range, and the number of products in it."""

    prices: Sequence[int]
    """Cents."""
    total: int

    @property
    def weight(self) -> float:
        """Number of products that each price of the sample stands for."""
        return max(1.0, self.total / max(1, len(self.prices)))


def can_be_cut(bounds: Bounds) -> bool:
    """Whether a range holds more than one price."""
    low, high = bounds
    return high is None or (low or 0) < high


def cut(bounds: Bounds, sample: Sample, most: int) -> list[Bounds]:
    """The range in parts without gaps or overlaps, each likely to hold at most ``most`` products.

    Empty if the range is a single price, or no price has been seen in it.
    """
    inside = sorted(price for price in sample.prices if within(price, bounds))
    if not inside or not can_be_cut(bounds):
        return []
    ends = _ends(inside, sample.weight, _size(sample, most), most)
    return _between(bounds, ends) or _around(bounds, inside[len(inside) // 2])


def _size(sample: Sample, most: int) -> float:
    """Target number of products per part: below ``most``, because the prices are only a sample."""
    caution = _CAUTION * sqrt(sample.weight)
    cautious = ((sqrt(caution**2 + 4 * most) - caution) / 2) ** 2
    fewest_parts = 2
    most_parts = max(fewest_parts, len(sample.prices) // _FEWEST_SEEN)
    return max(cautious, sample.total / most_parts)


def _ends(prices: list[int], weight: float, size: float, most: int) -> list[int]:
    """Highest price of each part but the last. A price with too many products is its own part."""
    counted = sorted(Counter(prices).items())
    ends: list[int] = []
    left = len(prices) * weight
    held = 0.0
    for index, (price, times) in enumerate(counted):
        here = times * weight
        before = counted[index - 1][0] if index else None
        if times > 1 and here > most:
            ends += [price - 1, price]
            left, held = left - held - here, 0.0
            continue
        if held and before is not None and held + here / 2 > _even(left, size):
            ends.append((before + price) // 2 if before + 1 < price else before)
            left, held = left - held, 0.0
        held += here
    return sorted(set(ends))


def _even(left: float, size: float) -> float:
    """The size of equal parts of what is left, so that the last part is not much smaller."""
    return left / max(1, ceil(left / size))


def _between(bounds: Bounds, ends: list[int]) -> list[Bounds]:
    """The parts of a range that end at these prices; empty if that is only one part."""
    low, high = bounds
    parts: list[Bounds] = []
    for end in ends:
        if (low or 0) <= end and (high is None or end < high):
            parts.append((low, end))
            low = end + 1
    return [*parts, (low, high)] if parts else []


def _around(bounds: Bounds, price: int) -> list[Bounds]:
    """Three parts: below, at and above a price."""
    return _between(bounds, [price - 1, price])
