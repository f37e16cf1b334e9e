"""The journal of a run: one line for each finished page, from which all else can be told again."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Self


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What one finished page of one listing said."""

    listing: str
    """Canonical URL of the listing's first page."""
    page: int
    """The page asked for, 1-based."""
    kind: str
    """As :class:`category_crawler.pages.Kind` names it."""
    first: int | None
    last: int | None
    total: int | None
    """Results the page reports for the listing."""
    total_is_rounded: bool
    last_page: int | None
    has_next: bool
    asins: tuple[str, ...]
    """Organic results in page order, those seen before included."""
    prices: tuple[int, ...]
    """Main prices of the organic results in cents, those without a price left out."""
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
    offset: int = 0
    """Bytes of ``products.part`` that are certain once this line is there."""

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Raises ValueError for a line that is torn or of another form."""
        values = json.loads(line)
        try:
            return cls(**values | {key: tuple(values[key]) for key in ("asins", "prices")})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a journal line: {error}") from None

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


PAGE_RECORD_FIELDS = tuple(field.name for field in fields(PageRecord))


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


def append_record(file: IO[bytes], record: PageRecord) -> None:
    """Write a line and have it on disk before returning."""
    file.write(record.to_json())
    file.flush()
    os.fsync(file.fileno())
