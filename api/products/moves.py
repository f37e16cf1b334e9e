"""How prices have moved between two runs, as the numbers of two pictures."""

from dataclasses import dataclass
from pathlib import Path

from api.products.duck import rows_of

_STEP, _WIDEST = 5, 50
_BARS = 20


@dataclass(frozen=True, slots=True)
class Move:
    """How many prices have moved by so much, in percent; the outer ones have no outer end."""

    from_percent: int | None
    to_percent: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Prices:
    """How many products cost so much in the earlier and in the later run, in cents.

    The last one has no upper end.
    """

    from_cents: int
    to_cents: int | None
    before: int
    after: int


def moves_of(changes: Path) -> list[Move]:
    """The moves in a table of changes, in steps of 5 %; empty if no price has moved."""
    found = rows_of(
        "SELECT CAST(greatest(-?, least(?, floor(price_change_percent / ?) * ?)) AS INTEGER) "
        "AS step, count(*) AS count FROM read_parquet(?) "
        "WHERE kind IN ('price_up', 'price_down') AND price_change_percent IS NOT NULL GROUP BY 1",
        [_WIDEST + _STEP, _WIDEST, _STEP, _STEP, str(changes)],
    )
    counts = {one["step"]: one["count"] for one in found}
    if not counts:
        return []
    return [
        Move(
            from_percent=None if step < -_WIDEST else step,
            to_percent=None if step == _WIDEST else step + _STEP,
            count=counts.get(step, 0),
        )
        for step in range(-_WIDEST - _STEP, _WIDEST + 1, _STEP)
    ]


def prices_of(before: Path, after: Path) -> list[Prices]:
    """The prices of two datasets in bars of one width; the last holds the highest hundredth."""
    both = (
        "FROM (SELECT price_cents, true AS is_before FROM read_parquet(?) UNION ALL "
        "SELECT price_cents, false FROM read_parquet(?)) WHERE price_cents IS NOT NULL"
    )
    paths = [str(before), str(after)]
    (span,) = rows_of(
        "SELECT min(price_cents) AS low, CAST(quantile_cont(price_cents, 0.99) AS BIGINT) AS high "
        f"{both}",
        paths,
    )
    if span["low"] is None:
        return []
    low, width = span["low"], max(1, -(-(span["high"] - span["low"] + 1) // (_BARS - 1)))
    found = rows_of(
        "SELECT least((price_cents - ?) // ?, ?) AS bar, count(*) FILTER (is_before) AS before, "
        f"count(*) FILTER (NOT is_before) AS after {both} GROUP BY bar",
        [low, width, _BARS - 1, *paths],
    )
    counts = {one["bar"]: (one["before"], one["after"]) for one in found}
    return [
        Prices(
            low + bar * width,
            None if bar == _BARS - 1 else low + (bar + 1) * width,
            *counts.get(bar, (0, 0)),
        )
        for bar in range(max(counts) + 1)
    ]
