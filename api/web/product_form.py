"""Which products a page shows: read from its address, and written into the address of others."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from api.products.queries import ProductQuery
from api.rest.product_schemas import ListProducts
from api.web.problems import sentence_of
from api.web.product_columns import Column, chosen, usual
from api.web.typed_price import typed_cents
from category_crawler.fault import faults_of

_STARS = re.compile(r"[0-5](?:[.,]\d)?", re.ASCII)
_FLAGS = {
    "prime": "is_prime",
    "stock": "in_stock",
    "coupon": "has_coupon",
    "discount": "is_discounted",
}
"""Fields of the query that are asked as yes or no."""
_ANSWERS = {"yes": True, "no": False}
_PRICES = {"price_min": "price_min_cents", "price_max": "price_max_cents"}
_TEXTS = ("search", "delivery_by", "sort")
_FIELDS = (*_TEXTS, *_PRICES, "rating_min", *_FLAGS)
_ON_PAGE = {field: name for name, field in (_PRICES | _FLAGS).items()}
_LABELS = {
    "search": "words",
    "price_min": "price from",
    "price_max": "price to",
    "rating_min": "stars from",
    "prime": "Prime:",
    "stock": "in stock:",
    "coupon": "coupon:",
    "discount": "discount:",
    "delivery_by": "delivered by",
}
PAGE = 50
"""Products on a page."""
_MOST_SKIPPED = 2**31


@dataclass(frozen=True, slots=True)
class ProductForm:
    """The filters, order, page and columns of an address."""

    typed: dict[str, str]
    """What stands in each field that holds something, as it was typed."""
    brands: list[str]
    delivery: list[str]
    columns: tuple[Column, ...]
    skip: int
    query: ProductQuery | None
    """None if a field is wrong."""
    faults: dict[str, str]
    """A sentence for each field that is wrong."""

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> "ProductForm":
        """What an address asks for."""
        typed = {name: text for name in _FIELDS if (text := _plain(given.get(name, "")))}
        brands, delivery = _several(given, "brand"), _several(given, "delivery")
        digits = given.get("skip", "")
        skip = min(int(digits), _MOST_SKIPPED) if digits.isascii() and digits.isdigit() else 0
        asked, faults = _asked(typed)
        asked |= {"brand": brands, "delivery": delivery, "skip": skip, "limit": PAGE}
        query = None if faults else _query(asked, faults)
        columns = chosen(given.getlist("columns"))
        return cls(typed, brands, delivery, columns, skip, query, faults)

    @property
    def sort(self) -> str:
        """The order; empty for that of the run."""
        return self.typed.get("sort", "")

    def address(self, **changes: Any) -> dict[str, Any]:
        """The fields of the first page's address with some changed; None leaves one out."""
        columns = [] if self.columns == usual() else [one.name for one in self.columns]
        kept = {"brand": self.brands, "delivery": self.delivery, "columns": columns}
        every = self.typed | kept | changes
        return {name: value for name, value in every.items() if value not in (None, "", [], 0)}

    def with_brand(self, brand: str) -> dict[str, Any]:
        """The address with one more brand."""
        return self.address(brand=[*dict.fromkeys([*self.brands, brand])])

    def with_delivery(self, promise: str) -> dict[str, Any]:
        """The address with one more promise of delivery."""
        return self.address(delivery=[*dict.fromkeys([*self.delivery, promise])])

    def sorted_by(self, column: Column) -> dict[str, Any]:
        """The address that a column's head leads to: the other direction if it is sorted so."""
        other = column.order if column.sort.startswith("-") else f"-{column.order}"
        return self.address(sort=other if self.sort == column.sort else column.sort)

    @property
    def filters(self) -> list[tuple[str, dict[str, Any]]]:
        """Each filter in words, with the address without it."""
        return [*self._filters()]

    def _filters(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, label in _LABELS.items():
            if name in self.typed:
                yield f"{label} {self.typed[name]}", self.address(**{name: None})
        for one in self.brands:
            rest = [brand for brand in self.brands if brand != one]
            yield f"brand {one}", self.address(brand=rest)
        for one in self.delivery:
            rest = [promise for promise in self.delivery if promise != one]
            yield f"delivery “{one}”", self.address(delivery=rest)


def _asked(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of the query, and what is wrong with those that are typed otherwise."""
    asked: dict[str, Any] = {name: typed[name] for name in _TEXTS if name in typed}
    faults: dict[str, str] = {}
    for name, text in typed.items():
        if name in _PRICES and (cents := typed_cents(text)) is not None:
            asked[_PRICES[name]] = cents
        elif name == "rating_min" and _STARS.fullmatch(text):
            asked[name] = float(text.replace(",", "."))
        elif name in _FLAGS and text in _ANSWERS:
            asked[_FLAGS[name]] = _ANSWERS[text]
        elif name not in _TEXTS:
            faults[name] = _HOW_TO[name]
    low, high = (asked.get(field) for field in _PRICES.values())
    if low is not None and high is not None and low > high:
        faults["price_max"] = "The highest price is below the lowest."
    return asked, faults


_HOW_TO = (
    dict.fromkeys(_PRICES, "Write a price such as 12.50.")
    | dict.fromkeys(_FLAGS, "Choose yes or no.")
    | {"rating_min": "Write stars from 0 to 5, such as 4.5."}
)


def _query(asked: dict[str, Any], faults: dict[str, str]) -> ProductQuery | None:
    """The query, by the rules of the API's call; adds what they find wrong."""
    try:
        return ListProducts.model_validate({"collection_id": 1} | asked).query
    except ValidationError as error:
        for one in faults_of(error, asked):
            field = one.field.partition(".")[0]
            # The rule would list the names of the API.
            said = "Choose one of the orders." if field == "sort" else sentence_of(one)
            faults[_ON_PAGE.get(field, field)] = said
        return None


def _several(given: MultiDict[str, str], name: str) -> list[str]:
    return [*dict.fromkeys(text for one in given.getlist(name) if (text := _plain(one)))]


def _plain(text: str) -> str:
    """A text without control characters, which no product has."""
    return "".join(one for one in text if one.isprintable()).strip()
