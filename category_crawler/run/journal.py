"""The journal of a run: one line for each finished page, from which all else can be told again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from category_crawler.run.rows import lines_of

NOT_APPLIED = "not_applied"
"""Kind of a page of a listing of the plan's own making that the site did not narrow as asked."""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What one finished page of one listing said."""

    listing: str
    """Canonical URL of the listing's first page."""
    page: Annotated[int, Field(ge=1)]
    """The page asked for, 1-based."""
    kind: str
    """As :class:`category_crawler.pages.Kind` names it, or NOT_APPLIED."""
    first: int | None
    last: int | None
    total: int | None
    """Results the page reports for the listing."""
    total_is_rounded: bool
    last_page: int | None
    has_next: bool
    asins: tuple[str, ...]
    """Organic results in page order, those seen before included."""
    prices: tuple[int | None, ...]
    """Main prices of the same results in cents of the marketplace's own currency, else None."""
    new: int
    """Rows that this page added."""
    outliers: int
    """Results left out because their price lies outside the asked bounds."""
    price_proved: bool | None
    """Whether an asked price range was seen applied; None where none was asked."""
    requests: Annotated[int, Field(ge=0)]
    """Listing requests this page took, failed ones included."""
    at: str
    """UTC, ISO 8601 with ``Z``."""
    delivery_day: str | None = None
    """Value of the asked delivery day as this page's rail offers it."""
    brands: tuple[str, ...] = ()
    """Brands that the first page's rail offers, as terms: ``p_123:110955``."""
    nodes: tuple[str, ...] = ()
    """Nodes below the asked one that the first page's rail offers, digits."""
    foreign: tuple[str, ...] = ()
    """Other currencies that prices of these results are in, ISO 4217."""
    proved: bool | None = None
    """Whether a page that says "no results" shows all that was asked for; None for any other."""
    offset: Annotated[int, Field(ge=0)] = 0
    """Bytes of ``products.part`` that are certain once this line is there."""

    def to_json(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_journal(path: Path) -> Iterator[tuple[PageRecord, int]]:
    """Each whole line and the offset behind it; a torn line and all after it count for nothing."""
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
    """A line's page; None where the line is torn or of another form."""
    if not line.endswith(b"\n"):
        return None
    try:
        return _adapter().validate_json(line, strict=True)
    except ValidationError:
        return None


@cache  # the API reads no journal
def _adapter() -> TypeAdapter[PageRecord]:
    return TypeAdapter(PageRecord)
