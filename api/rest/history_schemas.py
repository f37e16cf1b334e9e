"""What clients send and get about the history of a product, as models."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.products.history import Point
from api.rest.schemas import Body
from category_crawler.domain_config import DOMAINS


class GetHistory(Body):
    """Which product is meant, and where it was seen."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={"examples": [{"asin": "B0ABCDEFGH", "domain": "amazon.com.au"}]},
    )

    asin: Annotated[str, Field(pattern=r"^[A-Z0-9]{10}$")]
    """Ten capital letters and digits."""
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
