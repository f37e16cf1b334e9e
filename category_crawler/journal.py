"""The journal of a run: one line for each finished page, from which all else can be told again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

NOT_APPLIED = "not_applied"
"""Kind of a page of a listing of the plan's own making that the site did not narrow as asked."""


_TUPLES = ("asins", "prices", "brands", "nodes", "foreign")


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What one finished page of one listing said."""

    listing: str
    """Canonical URL of the listing's first page."""
    page: int
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
    requests: int
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
    offset: int = 0
    """Bytes of ``products.part`` that are certain once this line is there."""

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Raises ValueError for a line that is torn or of another form."""
        values = json.loads(line)
        try:
            return cls(**values | {key: tuple(values[key]) for key in _TUPLES if key in values})
        except TypeError as error:
            raise ValueError(f"not a journal line: {error}") from None

    def to_json(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_journal(path: Path) -> Iterator[tuple[PageRecord, int]]:
    """Each whole line and the offset behind it; a torn line and all after it count for nothing."""
    if not path.exists():
        return
    end = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                record = PageRecord.from_json(line)
            except ValueError:
                return
            end += len(line)
            yield record, end
