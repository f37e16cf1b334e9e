"""How a category was divided, and what came of each part: a picture for people."""

from typing import Annotated, Literal

from pydantic import Field

from category_crawler.files.record_file import Record
from category_crawler.run.records import Count

MOST_RANGES = 200

Division = Literal["price", "brand", "node", "none"]
RangeState = Literal["whole", "capped", "unknown", "open"]
"""``whole``: every product reported was seen. ``capped``: the site did not serve all of it.
``open``: it is still being crawled."""


class PriceRange(Record):
    """A part of the category: a range of prices, or another part of all prices."""

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
    """The parts; by price they stand from the cheapest to the dearest, without a gap.

    No range of prices holds a product without a price.
    """

    division: Division
    """How the whole category was divided; some of its parts may be divided in other ways again."""
    ranges: tuple[PriceRange, ...]
    joined: Count
    """Parts that were joined with a neighbour, so that the list stays short."""
