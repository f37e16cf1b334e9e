"""What changed between two runs of a collection, as a table of changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.products.bearing import Bearing
from api.products.duck import execute, rows_of
from category_crawler.listing_url import Bounds
from category_crawler.tables.parquet_table import metadata, sql_text

KINDS = (
    *("new", "gone", "not_seen", "price_up", "price_down", "back_in_stock", "out_of_stock"),
    *("list_price", "coupon", "rating"),
)
"""Kinds of changes; one product may have several."""

_VALUES = ("price_cents", "list_price_cents", "in_stock", "coupon", "rating", "position")
"""Columns that are told of both runs."""
_SHOWN = ("title", "brand", "url", "image_url", "currency")
_SAME_CURRENCY = "a.currency IS NOT DISTINCT FROM b.currency"
_IS_IN_BOTH = "a.asin IS NOT NULL AND b.asin IS NOT NULL"
_CHANGES = {
    "price_up": f"a.price_cents > b.price_cents AND {_SAME_CURRENCY}",
    "price_down": f"a.price_cents < b.price_cents AND {_SAME_CURRENCY}",
    "back_in_stock": "a.in_stock AND NOT b.in_stock",
    "out_of_stock": "b.in_stock AND NOT a.in_stock",
    "list_price": f"a.list_price_cents IS DISTINCT FROM b.list_price_cents AND {_SAME_CURRENCY}",
    "coupon": "a.coupon IS DISTINCT FROM b.coupon",
    "rating": "a.rating IS DISTINCT FROM b.rating",
}
"""When a product that both have seen has changed; ``b`` is the earlier run, ``a`` the later one."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that were found."""

    counts: dict[str, int]
    """By kind, each of :data:`KINDS`."""
    total: int
    items: list[dict[str, Any]] = field(default_factory=list)


def write_changes(
    before: Path, after: Path, bearing: Bearing, facts: Mapping[str, str], path: Path
) -> None:
    """Compare two datasets; write the changes as Parquet (zstd), a row for each kind and product.

    The columns are ``kind``, ``asin``, some that say what it is, and for every value one of the
    earlier run (``price_cents_before``) and one of the later (``price_cents``). ``facts`` become
    the file's metadata. Raises OSError.
    """
    pairs, parameters = pairs_of(before, after, bearing)
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    select = (
        f"SELECT unnest(kinds)::ENUM({kinds}) AS kind, * EXCLUDE (kinds) FROM ({pairs}) "
        "WHERE len(kinds) > 0 ORDER BY kind, abs(price_change_percent) DESC NULLS LAST, asin"
    )
    execute(
        f"COPY ({select}) TO {sql_text(str(path))} "
        f"(FORMAT parquet, COMPRESSION zstd{metadata(facts)})",
        parameters,
    )


def pairs_of(before: Path, after: Path, bearing: Bearing) -> tuple[str, list[Any]]:
    """The products of two datasets side by side, in SQL, with its parameters.

    The columns are those of :func:`write_changes`, with a list of ``kinds``, empty for a product
    that has not changed.
    """
    bears, parameters = _bears(bearing)
    cases = ", ".join(
        (
            "CASE WHEN b.asin IS NULL THEN 'new' END",
            f"CASE WHEN a.asin IS NULL THEN CASE WHEN {bears} THEN 'gone' ELSE 'not_seen' END END",
            *(f"CASE WHEN {_IS_IN_BOTH} AND {sql} THEN '{k}' END" for k, sql in _CHANGES.items()),
        )
    )
    shown = ", ".join(f"coalesce(a.{name}, b.{name}) AS {name}" for name in _SHOWN)
    values = ", ".join(f"b.{name} AS {name}_before, a.{name} AS {name}" for name in _VALUES)
    select = (
        f"SELECT list_filter([{cases}], lambda kind: kind IS NOT NULL) AS kinds, "
        f"coalesce(a.asin, b.asin) AS asin, {shown}, {values}, "
        "a.price_cents - b.price_cents AS price_change_cents, "
        "round(100.0 * (a.price_cents - b.price_cents) / nullif(b.price_cents, 0), 2) "
        "AS price_change_percent "
        "FROM read_parquet(?) AS b FULL JOIN read_parquet(?) AS a ON a.asin = b.asin"
    )
    return select, [*parameters, str(before), str(after)]


def read_changes(path: Path, kinds: tuple[str, ...], limit: int, skip: int) -> Changes:
    """One page of a table of changes; all ``kinds`` if none is given."""
    counted = rows_of(
        "SELECT kind, count(*) AS count FROM read_parquet(?) GROUP BY kind", [str(path)]
    )
    counts = dict.fromkeys(KINDS, 0) | {str(one["kind"]): one["count"] for one in counted}
    wanted = kinds or KINDS
    items = rows_of(
        "SELECT * FROM read_parquet(?, file_row_number = true) "
        "WHERE kind IN (SELECT unnest(?)) ORDER BY file_row_number LIMIT ? OFFSET ?",
        [str(path), [*wanted], limit, skip],
    )
    shown = [{name: one[name] for name in one if name != "file_row_number"} for one in items]
    return Changes(counts, sum(counts[kind] for kind in set(wanted)), shown)


def _bears(bearing: Bearing) -> tuple[str, list[int]]:
    """Whether a product of the earlier run would have been seen, in SQL, with its parameters."""
    if bearing.is_whole or (None, None) in bearing.prices:
        return "true", []
    ranges = [_within(bounds) for bounds in bearing.prices]
    sql = " OR ".join(text for text, _ in ranges) or "false"
    return f"coalesce({sql}, false)", [end for _, ends in ranges for end in ends]


def _within(bounds: Bounds) -> tuple[str, list[int]]:
    ends = [(sql, end) for sql, end in zip((">=", "<="), bounds, strict=True) if end is not None]
    text = " AND ".join(f"b.price_cents {sql} ?" for sql, _ in ends)
    return f"({text})", [end for _, end in ends]
