"""Following the pages of one listing: which is next, and why a listing has ended. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from category_crawler.journal import PageRecord
from category_crawler.pages import Kind


class End(StrEnum):
    """Why there is no next page."""

    NO_RESULTS = "no_results"
    PAST_THE_END = "past_the_end"
    NO_ORGANIC_CARD = "no_organic_card"
    RANGE_STANDS_STILL = "range_stands_still"
    NO_NEXT_LINK = "no_next_link"


class Walk:
    """The pages seen of one listing, in any order of arrival."""

    def __init__(self, records: Iterable[PageRecord] = ()) -> None:
        self.records: list[PageRecord] = sorted(records, key=lambda record: record.page)

    def add(self, record: PageRecord) -> None:
        self.records.append(record)
        self.records.sort(key=lambda known: known.page)

    @property
    def end(self) -> End | None:
        """Why the listing ended, or None while there is a page to ask for."""
        if not self.records:
            return None
        return _end(self.records)

    @property
    def next_page(self) -> int | None:
        """The 1-based page to ask for, or None once the listing has ended."""
        if not self.records:
            return 1
        return None if self.end else self.records[-1].page + 1

    @property
    def asins(self) -> set[str]:
        """Distinct organic results."""
        return {asin for record in self.records for asin in record.asins}

    @property
    def total(self) -> int | None:
        """Results reported for the listing, by the latest page that says so."""
        return next((r.total for r in reversed(self.records) if r.total is not None), None)

    @property
    def total_is_rounded(self) -> bool:
        reporting = (r for r in reversed(self.records) if r.total is not None)
        latest = next(reporting, None)
        return latest is not None and latest.total_is_rounded

    @property
    def last_page(self) -> int | None:
        """The largest page number shown; the site serves fewer when it caps a listing."""
        shown = [r.last_page for r in self.records if r.last_page is not None]
        return max(shown, default=None)


def _end(records: Sequence[PageRecord]) -> End | None:
    latest = records[-1]
    if latest.kind == Kind.NO_RESULTS:
        return End.NO_RESULTS
    if latest.kind == Kind.PAST_THE_END:
        return End.PAST_THE_END
    if not latest.asins:
        return End.NO_ORGANIC_CARD
    if _stands_still(records):
        return End.RANGE_STANDS_STILL
    return None if latest.has_next else End.NO_NEXT_LINK


def _stands_still(records: Sequence[PageRecord]) -> bool:
    if len(records) < 2:
        return False
    before, latest = records[-2], records[-1]
    return before.first is not None and latest.first is not None and latest.first <= before.first
