"""Makes the picture of a partition: its parts, in order, with what came of each. Pure."""

from collections.abc import Iterator, Sequence

from category_crawler.planning.partition import Partition
from category_crawler.planning.slice import Slice, Verdict, Way
from category_crawler.run.price_axis import (
    MOST_RANGES,
    Division,
    PriceAxis,
    PriceRange,
    RangeState,
)

_STATES: dict[Verdict | None, RangeState] = {
    Verdict.COMPLETE: "whole",
    Verdict.CAPPED: "capped",
    Verdict.UNKNOWN: "unknown",
    None: "open",
}
_BY_WAY: dict[Way | None, Division] = {
    Way.PRICE: "price",
    Way.BRANDS: "brand",
    Way.BRAND_GROUPS: "brand",
    Way.NODES: "node",
    None: "none",
}
_WORST_FIRST: tuple[RangeState, ...] = ("open", "capped", "unknown", "whole")


def price_axis(partition: Partition) -> PriceAxis:
    """The price ranges of a partition; its other parts if it was not divided by price."""
    root = partition.root
    division: Division = "price" if root.is_divided_by_price else _BY_WAY[root.way]
    slices = _ranges(root) if division == "price" else _leaves(root)
    found = [_range(one) for one in slices]
    apart = _without_overlaps(found) if division == "price" else found
    each = -(-len(apart) // MOST_RANGES) or 1
    ranges = [_joined(apart[begin : begin + each]) for begin in range(0, len(apart), each)]
    return PriceAxis(division=division, ranges=tuple(ranges), joined=len(found) - len(ranges))


def _without_overlaps(found: list[PriceRange]) -> list[PriceRange]:
    """The ranges in order: what an audit has found is crawled again as a range inside of others."""
    apart: list[PriceRange] = []
    for one in sorted(found, key=_place):
        if apart and _overlap(apart[-1], one):
            apart[-1] = _joined([apart[-1], one])
        else:
            apart.append(one)
    return apart


def _leaves(one: Slice) -> Iterator[Slice]:
    """The slices that are not divided again."""
    return (part for part in one.with_all_parts() if not part.parts)


def _ranges(one: Slice) -> Iterator[Slice]:
    """The slices that are not divided by price again."""
    if not one.is_divided_by_price:
        yield one
        return
    for part in one.parts:
        if part.listing.price != one.listing.price:
            yield from _ranges(part)


def _range(one: Slice) -> PriceRange:
    low, high = one.listing.price
    return PriceRange(
        low_cents=low,
        high_cents=high,
        state=_STATES[one.verdict],
        reported=one.first.total,
        seen=_seen(one),
        listings=sum(not part.parts for part in one.with_all_parts()),
    )


def _seen(one: Slice) -> int:
    """Products seen in a slice; those that only a slice above has shown count where it is whole."""
    total = one.first.exact_total
    is_whole = one.verdict is Verdict.COMPLETE and total is not None
    return max(len(one.known), total or 0) if is_whole else len(one.known)


def _place(one: PriceRange) -> tuple[int, float]:
    return one.low_cents or 0, -_end(one)


def _end(one: PriceRange) -> float:
    return float("inf") if one.high_cents is None else one.high_cents


def _overlap(before: PriceRange, after: PriceRange) -> bool:
    return (after.low_cents or 0) <= _end(before)


def _joined(ranges: Sequence[PriceRange]) -> PriceRange:
    """Neighbours as one range, in the state of the worst."""
    if len(ranges) == 1:
        return ranges[0]
    reported = [one.reported for one in ranges]
    last = max(ranges, key=_end)
    return PriceRange(
        low_cents=ranges[0].low_cents,
        high_cents=last.high_cents,
        state=min((one.state for one in ranges), key=_WORST_FIRST.index),
        reported=None if None in reported else sum(number or 0 for number in reported),
        seen=sum(one.seen for one in ranges),
        listings=sum(one.listings for one in ranges),
    )
