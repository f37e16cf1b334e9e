"""What clients send and get about the history of a product, as models."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from api.products.history import Point
from api.rest.schemas import Body, pattern_of
from category_crawler.domain_config import DOMAINS, Marketplace

_ASIN = "^[A-Za-z0-9]{10}$"
_SHOPS = [shop for shop in DOMAINS.values() if shop.active]
_NONE: JsonValue = {"type": "null"}


def _of(shop: Marketplace) -> JsonValue:
    return {
        "required": ["domain"],
        "properties": {"domain": {"const": shop.domain}, "postcode": {"pattern": pattern_of(shop)}},
    }


_POSTCODES: list[JsonValue] = [
    {"properties": {"postcode": _NONE}},
    {
        "properties": {
            "domain": _NONE,
            "postcode": {"pattern": "|".join(f"({pattern_of(shop)})" for shop in _SHOPS)},
        }
    },
    *map(_of, _SHOPS),
]
"""Which postcodes each domain takes, for the specification."""


def _asin(given: str) -> str:
    if not re.fullmatch(_ASIN.strip("^$"), given):
        raise ValueError("it must be ten letters and digits, such as B0ABCDEFGH")
    return given.upper()


class GetHistory(Body):
    """Which product is meant, and where it was seen."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [{"asin": "B0ABCDEFGH", "domain": "amazon.com.au"}],
            "anyOf": _POSTCODES,
        },
    )

    asin: Annotated[str, AfterValidator(_asin), Field(json_schema_extra={"pattern": _ASIN})]
    """Ten letters and digits, in capitals or not."""
    domain: Annotated[str, Field(json_schema_extra={"enum": [*DOMAINS]})] | None = None
    """Only runs on this domain."""
    postcode: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    """Only runs seen from this postcode."""


class Series(BaseModel):
    """The points of one collection."""

    collection_id: int
    name: str
    domain: str
    postcode: str
    points: list[Point] = Field(description="One for each run in which something changed")


class History(BaseModel):
    """How a product has changed over one's own runs."""

    asin: str
    series: list[Series] = Field(description="One for each collection that has seen it")
