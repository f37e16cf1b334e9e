"""How a category was divided by price, and what came of each range: a picture for people."""

from typing import Annotated, Literal

from pydantic import Field

from category_crawler.files.record_file import Record
from category_crawler.run.records import Count

MOST_RANGES = 200

RangeState = Literal["whole", "capped", "unknown", "open"]
"""``whole``: every product reported was seen. ``capped``: the site did not serve all of it.
``open``: it is still being crawled."""


class PriceRange(Record):
    """A range of prices that was crawled as a listing, or as several."""

    low_cents: Count | None
    """None without a lower bound."""
    high_cents: Count | None
    """None without an upper bound."""
    state: RangeState
    reported: Count | None
    """Products that the site reports; None if it reports no number."""
    seen: Count
    """Products that were seen in it."""
    listings: Annotated[int, Field(ge=1)]
    """Listings that it was crawled as: more than one if it was divided by brand or sub-node."""


class PriceAxis(Record):
    """The ranges from the cheapest to the dearest; they hold no product without a price."""

    ranges: tuple[PriceRange, ...]
    joined: Count
    """Ranges that were joined with a neighbour, so that the list stays short."""
