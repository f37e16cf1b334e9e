"""What the products that a query finds have in common: facets, and discounts by rating."""

from dataclasses import dataclass, field

from api.products.duck import rows_of
from api.products.queries import DISCOUNT, IS_DISCOUNTED, Condition, Facets, facets_of

_FLAGS = {
    "is_prime": "is_prime",
    "in_stock": "in_stock",
    "has_coupon": "(coupon IS NOT NULL)",
    "is_discounted": IS_DISCOUNTED,
}


@dataclass(frozen=True, slots=True)
class Flag:
    """How many products say yes to a question, and how many no; the others say nothing."""

    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class Discounts:
    """The discounts of all products with one rating, in percent of their list prices."""

    rating: float
    """Stars, to a tenth."""
    products: int
    """Discounted ones."""
    median: float
    highest: float


@dataclass(frozen=True, slots=True)
class Overview:
    """What the products have in common."""

    facets: Facets = field(default_factory=lambda: Facets([], [], [], []))
    flags: dict[str, Flag] = field(default_factory=dict)
    """By the names of the query's fields: ``is_prime``, ``in_stock``, …"""
    discounts: list[Discounts] = field(default_factory=list)
    """At most 51, one for each tenth of a star."""


def overview_of(source: Condition) -> Overview:
    """Look over all products of a source."""
    return Overview(facets_of(source), _flags(source), _discounts(source))


def _flags(source: Condition) -> dict[str, Flag]:
    counts = ", ".join(
        f"count(*) FILTER ({sql}) AS {name}, count(*) FILTER (NOT {sql}) AS no_{name}"
        for name, sql in _FLAGS.items()
    )
    (counted,) = rows_of(f"SELECT {counts} {source.sql}", source.parameters)
    return {name: Flag(counted[name], counted[f"no_{name}"]) for name in _FLAGS}


def _discounts(source: Condition) -> list[Discounts]:
    found = rows_of(
        "SELECT round(rating, 1) AS rating, count(*) AS products, "
        f"round(100 * median({DISCOUNT}), 1) AS median, round(100 * max({DISCOUNT}), 1) AS highest "
        f"{source.sql} AND rating IS NOT NULL AND {IS_DISCOUNTED} GROUP BY 1 ORDER BY 1",
        source.parameters,
    )
    return [Discounts(**one) for one in found]
