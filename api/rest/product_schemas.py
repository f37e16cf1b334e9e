"""What clients send and get about products, as models."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from api.products.differences import KINDS
from api.products.queries import SORTS, Facets, ProductQuery
from api.rest.schemas import Body, Id

Sort = Literal[SORTS]  # type: ignore[valid-type] # SORTS is a tuple of texts
Kind = Literal[KINDS]  # type: ignore[valid-type] # KINDS is a tuple of texts
_Cents = Annotated[int, Field(ge=0, le=2**53)]
_Words = Annotated[str, Field(max_length=200)]
_Skip = Annotated[int, Field(ge=0, le=2**31)]


def _day(given: Any) -> Any:
    # pydantic would take a number, and a text of digits, for seconds since 1970.
    if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        raise ValueError("it must be a day such as 2026-12-24")
    return given


class ListProducts(Body):
    """Which products of a run to list."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [{"collection_id": 1, "search": "desk lamp", "sort": "price", "limit": 20}]
        },
    )

    collection_id: Id
    runner_id: Id | None = None
    """One of the collection's runners; the newest without it."""
    search: Annotated[str, Field(max_length=200)] | None = None
    """Words that the title, the brand or the ASIN contain; case and accents do not matter."""
    brand: _Words | Annotated[list[_Words], Field(max_length=100)] | None = None
    """A brand, or a list of brands of which any fits; in capitals or not."""
    price_min_cents: _Cents | None = None
    price_max_cents: _Cents | None = None
    rating_min: Annotated[float, Field(ge=0, le=5)] | None = None
    """Stars; products without a rating are left out."""
    is_prime: bool | None = None
    in_stock: bool | None = None
    has_coupon: bool | None = None
    is_discounted: bool | None = None
    """Whether a higher list price is shown."""
    delivery: _Words | Annotated[list[_Words], Field(max_length=100)] | None = None
    """A delivery promise as displayed, or a list of them of which any fits."""
    delivery_by: Annotated[date, Field(strict=False), BeforeValidator(_day)] | None = None
    """The fastest promise is kept by this day in the shop's time, such as ``2026-12-24``."""
    sort: Sort | None = None
    """``-`` before a name is descending; products without the value come last."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 50
    skip: _Skip = 0
    facets: bool = False
    """Count brands, prices, ratings and delivery words among all that fit."""

    @model_validator(mode="after")
    def _check_prices(self) -> "ListProducts":
        low, high = self.price_min_cents, self.price_max_cents
        if low is not None and high is not None and low > high:
            raise ValueError(f"price_min_cents {low} is above price_max_cents {high}")
        return self

    @property
    def query(self) -> ProductQuery:
        """The filters, order and page."""
        return ProductQuery(
            search=self.search,
            brands=_all(self.brand),
            price_min_cents=self.price_min_cents,
            price_max_cents=self.price_max_cents,
            rating_min=self.rating_min,
            is_prime=self.is_prime,
            in_stock=self.in_stock,
            has_coupon=self.has_coupon,
            is_discounted=self.is_discounted,
            delivery=_all(self.delivery),
            delivery_by=self.delivery_by,
            sort=self.sort,
            limit=self.limit,
            skip=self.skip,
        )


def _all(given: str | list[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


class ListChanges(Body):
    """Which two runs of a collection to compare, and which changes to list."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [{"collection_id": 1, "kind": ["price_down", "gone"], "limit": 20}]
        },
    )

    collection_id: Id
    from_runner: Id | None = None
    """The earlier run; the last that is done before ``to_runner`` without it."""
    to_runner: Id | None = None
    """The later run; the last that is done without it."""
    kind: Kind | list[Kind] | None = None
    """One kind of change, or several; all of them without it."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 50
    skip: _Skip = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are wanted; empty for all."""
        return _all(self.kind)


class ComparedRun(BaseModel):
    """One of the two runs that are compared."""

    id: int
    finished_at: str | None
    products: int
    complete: bool | None = Field(description="As in `coverage`")


class ChangesList(BaseModel):
    """The changes between two runs."""

    from_runner: ComparedRun
    to_runner: ComparedRun
    counts: dict[str, int] = Field(description=f"By kind: {', '.join(KINDS)}")
    why: str = Field(description="Why products that were not seen count as gone, or do not")
    total: int = Field(description="Changes of the kinds asked for, on all pages")
    items: list[dict[str, Any]] = Field(
        description="`kind`, `asin`, what it is, and each value of both runs: `price_cents_before` "
        "and `price_cents`"
    )
    download_links: dict[str, str] = Field(description="All changes as csv, xlsx and parquet")


class Products(BaseModel):
    """A page of a run's products."""

    runner_id: int
    total: int = Field(description="Products that fit, on all pages")
    items: list[dict[str, Any]] = Field(description="With the fields of a product in `asins`")
    facets: Facets | None = Field(None, description="Only there if it was asked for")
