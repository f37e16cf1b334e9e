"""Which products of two runs match rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.alerts.rules import OfProducts, PriceBelow, PriceFalls
from api.products.bearing import Bearing
from api.products.differences import pairs_of
from api.products.duck import cursor_of, execute, rows_of
from api.products.queries import Condition, named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Found = tuple[int, list[dict[str, Any]]]
"""How many products match, and the first of them."""

_ORDERS = {"price_falls": "price_change_percent", "price_below": "price_cents"}
_BY_PLACE = "coalesce(position, position_before)"


def matches(
    datasets: tuple[Path, Path],
    bearing: Bearing,
    rules: Sequence[OfProducts],
    currency: str | None,
    limit: int,
) -> list[Found]:
    """What each rule finds between an earlier dataset and a later one, ``limit`` rows at most.

    A price counts as below an amount only in the marketplace's ``currency``. Raises OSError.
    """
    pairs, given = pairs_of(*datasets, bearing)
    cursor = cursor_of()
    try:
        execute(f"CREATE TEMP TABLE pairs AS {pairs}", given, cursor)
        return [_found(rule, currency, limit, cursor) for rule in rules]
    finally:
        cursor.close()


def _found(rule: OfProducts, currency: str | None, limit: int, cursor: DuckDBPyConnection) -> Found:
    conditions = [_condition(rule, currency), *named(rule.search, rule.brands)]
    where = " AND ".join(f"({one.sql})" for one in conditions)
    given = [value for one in conditions for value in one.parameters]
    (counted,) = rows_of(f"SELECT count(*) AS number FROM pairs WHERE {where}", given, cursor)
    order = _ORDERS.get(rule.kind, _BY_PLACE)
    rows = rows_of(
        f"SELECT * EXCLUDE (kinds) FROM pairs WHERE {where} "
        f"ORDER BY {order} NULLS LAST, asin LIMIT ?",
        [*given, limit],
        cursor,
    )
    return counted["number"], rows


def _condition(rule: OfProducts, currency: str | None) -> Condition:
    if isinstance(rule, PriceFalls):
        # Hundredths of a percent, so that all are integers.
        return Condition(
            "list_contains(kinds, 'price_down') AND "
            "(price_cents_before - price_cents) * 10000 >= ? * price_cents_before",
            (round(rule.percent * 100),),
        )
    if isinstance(rule, PriceBelow):
        return Condition(
            "price_cents < ? AND currency = ? "
            "AND (price_cents_before IS NULL OR price_cents_before >= ?)",
            (rule.cents, currency, rule.cents),
        )
    return Condition("list_contains(kinds, ?)", (rule.kind,))
