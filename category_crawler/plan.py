"""What to request next: a pure function of the job and the journal."""

from collections.abc import Iterable

from category_crawler.coverage import Coverage, cover
from category_crawler.domain_config import DELIVERY_DAY_CODE
from category_crawler.job import CategoryJob
from category_crawler.journal import PageRecord
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind
from category_crawler.walk import Walk


class Plan:
    """The plain walk: the listing's pages one after the other.

    Where a delivery day is asked for, the first page of the listing without it is read only for
    the value that this marketplace gives the day.
    """

    def __init__(self, job: CategoryJob, records: Iterable[PageRecord] = ()) -> None:
        self.job = job
        self.records: list[PageRecord] = []
        self._walk = Walk()
        for record in records:
            self.add(record)

    def add(self, record: PageRecord) -> None:
        """Take in a finished page."""
        self.records.append(record)
        if self.keeps_rows(record.listing):
            self._walk.add(record)

    @property
    def learning(self) -> bool:
        """Whether the value of the delivery day is still to be learned."""
        return self.job.delivery_day is not None and not self.records

    @property
    def listing(self) -> ListingURL:
        """The listing to request: as asked, with the delivery day once its value is known."""
        learned = next((r.delivery_day for r in self.records if r.delivery_day), None)
        if learned is None:
            return self.job.listing
        return self.job.listing.with_refinement(DELIVERY_DAY_CODE, learned)

    def keeps_rows(self, listing: str) -> bool:
        """Whether rows of this listing (canonical URL) are wanted."""
        return not self.learning and listing == str(self.listing)

    @property
    def next_request(self) -> ListingURL | None:
        """The page to request, or None once the crawl is over."""
        page = None if self._known_to_be_empty else self._walk.next_page
        return None if page is None else self.listing.with_page(page)

    @property
    def pages_finished(self) -> int:
        """Pages whose rows are kept."""
        return len(self._walk.records)

    @property
    def total_pages(self) -> int | None:
        """An estimate of the pages to come and gone."""
        return self._walk.last_page or (1 if self._walk.end else None)

    def coverage(self, found: int, found_without_price: int) -> Coverage:
        """How complete the rows kept so far are."""
        walk = Walk(self.records) if self._known_to_be_empty else self._walk
        return cover(walk, found, found_without_price)

    @property
    def _known_to_be_empty(self) -> bool:
        return bool(self.records) and self.records[0].kind == Kind.NO_RESULTS
