"""Makes the picture of a partition: its price ranges, in order, with what came of each. Pure."""

from collections.abc import Iterator, Sequence

from category_crawler.planning.partition import Partition
from category_crawler.planning.slice import Slice, Verdict
from category_crawler.run.price_axis import MOST_RANGES, PriceAxis, PriceRange, RangeState

_STATES: dict[Verdict | None, RangeState] = {
    Verdict.COMPLETE: "whole",
    Verdict.CAPPED: "capped",
    Verdict.UNKNOWN: "unknown",
    None: "open",
}
_WORST_FIRST: tuple[RangeState, ...] = ("open", "capped", "unknown", "whole")


def price_axis(partition: Partition) -> PriceAxis:
    """The price ranges of a partition; one range if it was not divided by price."""
    found = sorted(map(_range, _ranges(partition.root)), key=_place)
    apart: list[PriceRange] = []
    for one in found:
        # What an audit has found is crawled again as a range of its own, inside of others.
        if apart and _overlap(apart[-1], one):
            apart[-1] = _joined([apart[-1], one])
        else:
            apart.append(one)
    each = -(-len(apart) // MOST_RANGES) if apart else 1
    ranges = [_joined(apart[begin : begin + each]) for begin in range(0, len(apart), each)]
    return PriceAxis(ranges=tuple(ranges), joined=len(found) - len(ranges))


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
        seen=len(one.asins),
        listings=sum(not part.parts for part in one.with_all_parts()),
    )


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
