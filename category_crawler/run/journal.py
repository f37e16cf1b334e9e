"""A run's journal: one line per finished page. A resumed run rebuilds its plan from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from category_crawler.run.rows import lines_of

NOT_APPLIED = "not_applied"
"""Kind of a page of a slice whose filter the site did not apply."""
UNREADABLE = "unreadable"
"""Kind of a page that is no listing, or whose cards could not be read."""
TOO_WIDE = "too_wide"
"""Kind of a page of a slice by node that has more products than the slice above it."""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What one finished page of one listing showed."""

    listing: str
    """Canonical URL of the listing's first page."""
    page: Annotated[int, Field(ge=1)]
    """The requested page, 1-based."""
    kind: str
    """A value of :class:`category_crawler.pages.Kind`, NOT_APPLIED, TOO_WIDE or UNREADABLE."""
    first: int | None
    last: int | None
    total: int | None
    """Number of results that the page reports for the listing."""
    total_is_rounded: bool
    last_page: int | None
    has_next: bool
    asins: tuple[str, ...]
    """Organic results in page order, including those seen on earlier pages."""
    prices: tuple[int | None, ...]
    """Their main prices in cents; None without a price in the marketplace's own currency."""
    new: int
    """Number of rows that this page added."""
    outliers: int
    """Number of results left out because their price is outside the requested range."""
    price_proved: bool | None
    """Whether the page shows the requested price range as applied; None if none was requested."""
    requests: Annotated[int, Field(ge=0)]
    """Number of requests for this page, failed ones included."""
    at: str
    """UTC, ISO 8601 with ``Z``."""
    delivery_day: str | None = None
    """The filter value of the requested delivery day, if this page was read to learn it."""
    brands: tuple[str, ...] = ()
    """On a first page: the brands that its rail offers, as terms: ``p_123:110955``."""
    nodes: tuple[str, ...] = ()
    """On a first page: the nodes below the requested one that its rail offers, digits."""
    foreign: tuple[str, ...] = ()
    """Currencies of these results' prices, except the marketplace's own; ISO 4217."""
    proved: bool | None = None
    """For a "no results" page: whether it shows the requested node, filters and price range.

    None for any other page.
    """
    totals_differ: tuple[int, int] | None = None
    """Totals of the page's result bar and of its metadata, if they contradict each other."""
    corrected_query: tuple[str, str] | None = None
    """The search words asked for, and those that the page shows results for instead."""
    cards_missed: int = 0
    """Cards that the page's metadata counts, less those that were read; 0 without a count."""
    page_shown: int | None = None
    """The number that the page gives itself, if that is not :attr:`page`."""
    is_garbled: bool = False
    """Whether some of the page's bytes were not in its charset."""
    node_name: str | None = None
    """On the first page that shows it: the requested node's name in the rail."""
    offset: Annotated[int, Field(ge=0)] = 0
    """Size of ``products.part`` in bytes, with this page's rows."""

    def to_json(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_journal(path: Path) -> Iterator[tuple[PageRecord, int]]:
    """Each record and the offset after its line; stops at the first incomplete or invalid line."""
    if not path.exists():
        return
    end = 0
    with path.open("rb") as file:
        for line in lines_of(file):
            record = _read(line)
            if record is None:
                return
            end += len(line)
            yield record, end


def _read(line: bytes) -> PageRecord | None:
    """The record of a line; None if the line is incomplete or invalid."""
    if not line.endswith(b"\n"):
        return None
    try:
        return _adapter().validate_json(line, strict=True)
    except ValidationError:
        return None


@cache  # built on first use: the API imports this module and reads no journal
def _adapter() -> TypeAdapter[PageRecord]:
    return TypeAdapter(PageRecord)
