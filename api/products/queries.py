"""Queries of a run's products: filters, order, one page of them, and facets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from api.products.duck import rows_of
from category_crawler.domain_config import Marketplace
from category_crawler.items import Product
from category_crawler.pages.delivery_date import promised_by

_FIELDS = ", ".join(Product.__dataclass_fields__)
_TEXT = "strip_accents(lower(concat_ws(' ', title, brand, asin)))"
IS_DISCOUNTED = "coalesce(list_price_cents > price_cents, false)"
DISCOUNT = f"CASE WHEN {IS_DISCOUNTED} THEN 1 - price_cents / list_price_cents END"
"""As a share of the list price."""
_ORDERS = {
    "position": "position",
    "price": "price_cents",
    "list_price": "list_price_cents",
    "discount": DISCOUNT,
    "rating": "rating",
    "reviews": "review_count",
    "title": "lower(title)",
    "brand": "lower(brand)",
}
SORTS = tuple(order for name in _ORDERS for order in (name, f"-{name}"))
"""Orders of the products, ``-`` for descending; products without the value come last."""
_MOST_FACETS = 50
_BARS = 20
_READ_AT = "left(scraped_at, 13)"
"""The hour in which a product was read: "Tomorrow" is told from it."""


@dataclass(frozen=True, slots=True)
class PriceBar:
    """One bar of the histogram of prices, in cents; the last one has no upper end."""

    from_cents: int
    to_cents: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A value, and how many products have it."""

    value: Any
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The values among the products that were found."""

    brands: list[Facet]
    prices: list[PriceBar]
    ratings: list[Facet]
    """By whole stars, rounded down; null without a rating."""
    delivery: list[Facet]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of SQL with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """Which products of a run are wanted; None leaves a filter out."""

    search: str | None = None
    """Words that the title, the brand or the ASIN contain; case and accents do not matter."""
    brands: tuple[str, ...] = ()
    """Any of these, in capitals or not."""
    price_min_cents: int | None = None
    price_max_cents: int | None = None
    rating_min: float | None = None
    """In stars."""
    is_prime: bool | None = None
    in_stock: bool | None = None
    has_coupon: bool | None = None
    is_discounted: bool | None = None
    delivery: tuple[str, ...] = ()
    """Any of these promises, as displayed."""
    delivery_by: date | None = None
    """The fastest promise is kept by this day, in the shop's time."""
    sort: str | None = None
    """One of :data:`SORTS`; the order of the run's file without it."""
    limit: int = 50
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The products that were found."""

    total: int
    items: list[dict[str, Any]] = field(default_factory=list)
    """At most ``limit`` of them, each with the fields of a row."""
    facets: Facets | None = None


def find(
    path: Path, query: ProductQuery, shop: Marketplace | None, *, facets: bool = False
) -> Found:
    """Look into a run's Parquet file; without a known ``shop``, no promise can be read."""
    source = source_of(path, query, shop)
    (counted,) = rows_of(f"SELECT count(*) AS total {source.sql}", source.parameters)
    page = f"SELECT {_FIELDS} {source.sql} ORDER BY {order_of(query)} LIMIT ? OFFSET ?"
    bounds = (query.limit, query.skip)
    items = rows_of(page, [*source.parameters, *bounds]) if query.limit else []
    return Found(counted["total"], items, facets_of(source) if facets else None)


def source_of(path: Path, query: ProductQuery, shop: Marketplace | None) -> Condition:
    """What follows SELECT and its columns: the products of a Parquet file that fit a query."""
    conditions = [*_conditions(path, query, shop)]
    where = " AND ".join(one.sql for one in conditions) or "true"
    given = (str(path), *(value for one in conditions for value in one.parameters))
    return Condition(f"FROM read_parquet(?, file_row_number = true) WHERE {where}", given)


def _conditions(path: Path, query: ProductQuery, shop: Marketplace | None) -> Iterator[Condition]:
    yield from named(query.search, query.brands)
    if query.price_min_cents is not None:
        yield Condition("price_cents >= ?", (query.price_min_cents,))
    if query.price_max_cents is not None:
        yield Condition("price_cents <= ?", (query.price_max_cents,))
    if query.rating_min is not None:
        yield Condition("rating >= ?", (query.rating_min,))
    yield from _flags(query)
    if query.delivery:
        yield Condition("delivery IN (SELECT unnest(?))", ([*query.delivery],))
    if query.delivery_by is not None:
        promises, hours = _kept_by(path, query.delivery_by, shop)
        yield Condition(
            f"(delivery, {_READ_AT}) IN (SELECT unnest(?), unnest(?))", (promises, hours)
        )


def named(search: str | None, brands: Sequence[str]) -> Iterator[Condition]:
    """Whether a product has every word of a search, and any of the brands."""
    for word in (search or "").split():
        yield Condition(f"contains({_TEXT}, strip_accents(lower(?)))", (word,))
    if brands:
        yield Condition("lower(brand) IN (SELECT lower(unnest(?)))", ([*brands],))


def _flags(query: ProductQuery) -> Iterator[Condition]:
    flags = (
        ("is_prime", query.is_prime),
        ("in_stock", query.in_stock),
        ("(coupon IS NOT NULL)", query.has_coupon),
        (IS_DISCOUNTED, query.is_discounted),
    )
    for sql, wanted in flags:
        if wanted is not None:
            yield Condition(f"{sql} = ?", (wanted,))


def _kept_by(path: Path, day: date, shop: Marketplace | None) -> tuple[list[str], list[str]]:
    """The promises that are kept by a day, and in which hour each was read."""
    told = rows_of(
        f"SELECT DISTINCT delivery, {_READ_AT} AS hour FROM read_parquet(?) "
        "WHERE delivery IS NOT NULL AND scraped_at IS NOT NULL",
        [str(path)],
    )
    kept = [one for one in told if shop and _is_kept_by(day, one["delivery"], one["hour"], shop)]
    return [one["delivery"] for one in kept], [one["hour"] for one in kept]


def _is_kept_by(day: date, promise: str, hour: str, shop: Marketplace) -> bool:
    seen = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)
    promised = promised_by(promise, shop, seen)
    return promised is not None and promised <= day


def order_of(query: ProductQuery) -> str:
    """What follows ORDER BY."""
    if query.sort is None:
        return "file_row_number"
    direction = "DESC" if query.sort.startswith("-") else "ASC"
    return f"{_ORDERS[query.sort.removeprefix('-')]} {direction} NULLS LAST, file_row_number"


def facets_of(source: Condition) -> Facets:
    """The values among the products of a source."""
    return Facets(
        brands=_counts("brand", source),
        prices=_histogram(source),
        ratings=_counts("CAST(floor(rating) AS INTEGER)", source),
        delivery=_counts("delivery", source),
    )


def _counts(value: str, source: Condition) -> list[Facet]:
    """The most frequent values, the most frequent first."""
    counted = rows_of(
        f"SELECT {value} AS value, count(*) AS count {source.sql} "
        "GROUP BY value ORDER BY count DESC, value NULLS LAST LIMIT ?",
        [*source.parameters, _MOST_FACETS],
    )
    return [Facet(one["value"], one["count"]) for one in counted]


def _histogram(source: Condition) -> list[PriceBar]:
    """Bars of one width from the lowest price on; the last holds the highest hundredth."""
    (span,) = rows_of(
        "SELECT min(price_cents) AS low, CAST(quantile_cont(price_cents, 0.99) AS BIGINT) AS high "
        f"{source.sql}",
        source.parameters,
    )
    if span["low"] is None:
        return []
    low, width = span["low"], max(1, -(-(span["high"] - span["low"] + 1) // (_BARS - 1)))
    counted = rows_of(
        "SELECT least((price_cents - ?) // ?, ?) AS bar, count(*) AS count "
        f"{source.sql} AND price_cents IS NOT NULL GROUP BY bar",
        [low, width, _BARS - 1, *source.parameters],
    )
    counts = {one["bar"]: one["count"] for one in counted}
    last = max(counts)
    return [
        PriceBar(
            from_cents=low + bar * width,
            to_cents=None if bar == _BARS - 1 else low + (bar + 1) * width,
            count=counts.get(bar, 0),
        )
        for bar in range(last + 1)
    ]
