"""The picture of a price axis: where each range lies, and how high it stands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log10

from category_crawler.run.price_axis import PriceAxis, PriceRange

HEIGHT = 150
"""Pixels of the highest bar."""
_LEAST_HEIGHT, _LEAST_WIDTH = 3, 0.15
_MOST_TICKS = 5
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A range as it is drawn; places and widths are percentages of the picture's width."""

    range: PriceRange
    x: float
    width: float
    height: float
    """Pixels, for what was seen."""
    missing: float
    """Pixels above it, for what the shop reports besides."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A price below the axis."""

    x: float
    cents: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn."""

    bars: list[Bar]
    ticks: list[Tick]


def picture_of(axis: PriceAxis) -> Picture:
    """The picture of an axis. Prices stand in steps of tens: most products are cheap ones.

    Parts that are no price ranges stand side by side.
    """
    highest = max((max(one.seen, one.reported or 0) for one in axis.ranges), default=0) or 1
    if axis.division != "price":
        each = 100 / max(1, len(axis.ranges))
        ends = [(each * place, each * (place + 1)) for place in range(len(axis.ranges))]
        return Picture([*_bars(axis.ranges, ends, highest)], [])
    scale = _Scale(axis.ranges)
    return Picture([*_bars(axis.ranges, map(scale.ends, axis.ranges), highest)], [*scale.ticks()])


class _Scale:
    """Where a price lies, in percent of the width."""

    def __init__(self, ranges: Sequence[PriceRange]) -> None:
        bounds = [b for one in ranges for b in (one.low_cents, one.high_cents) if b]
        self._low = min(bounds) / 2 if bounds else 1.0
        self._high = max(bounds) * 2 if bounds else 10.0
        if ranges and ranges[0].low_cents:
            self._low = float(ranges[0].low_cents)
        if ranges and ranges[-1].high_cents:
            self._high = max(float(ranges[-1].high_cents), self._low * 1.01)
        self._has_bounds = bool(bounds)

    def place(self, cents: float) -> float:
        share = log10(max(cents, self._low) / self._low) / log10(self._high / self._low)
        return round(min(100.0, 100 * share), 3)

    def ends(self, one: PriceRange) -> tuple[float, float]:
        left = self.place(one.low_cents) if one.low_cents else 0.0
        right = 100.0 if one.high_cents is None else self.place(one.high_cents + 1)
        return left, right

    def ticks(self) -> Iterator[Tick]:
        if not self._has_bounds:
            return
        inside = [cents for cents in _round_prices() if self._low <= cents <= self._high]
        every = -(-len(inside) // _MOST_TICKS)
        for cents in inside[:: every or 1]:
            x = self.place(cents)
            yield Tick(x, cents, "start" if x < 8 else "end" if x > 92 else "middle")


def _bars(
    ranges: Sequence[PriceRange], ends: Iterable[tuple[float, float]], highest: int
) -> Iterator[Bar]:
    for one, (left, right) in zip(ranges, ends, strict=True):
        height = max(_LEAST_HEIGHT, round(HEIGHT * one.seen / highest, 1))
        missing = HEIGHT * max(0, (one.reported or 0) - one.seen) / highest
        width = max(_LEAST_WIDTH, round(right - left, 3))
        yield Bar(one, round(left, 3), width, height, round(missing, 1))


def _round_prices() -> Iterator[int]:
    """1, 2, 5, 10, 20 … in cents, up to ten million."""
    for power in range(10):
        yield from (step * 10**power for step in _STEPS)
