"""The walks that are not finished, and what to call after each of their pages. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from category_crawler.listing_url import ListingURL
from category_crawler.planning.listing_pages import ListingPages
from category_crawler.run.journal import PageRecord


@dataclass(frozen=True, slots=True)
class _Open:
    """A walk that is not finished, and the function to call after each of its pages."""

    walk: ListingPages
    page_came: Callable[[], None]


class OpenWalks:
    """The walks that a plan follows, by the canonical URL of their listings."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._new: dict[str, ListingPages] = {}
        """The open walks without a page: their first pages tell most about the plan."""
        self._known: set[str] = set()

    def __iter__(self) -> Iterator[ListingPages]:
        return (one.walk for one in self._open.values())

    def __bool__(self) -> bool:
        return bool(self._open)

    def follow(self, walk: ListingPages, page_came: Callable[[], None]) -> None:
        """Request the pages of a walk from now on."""
        url = str(walk.listing)
        self._known.add(url)
        self._new[url] = walk
        self._open[url] = _Open(walk, page_came)

    def leave(self, walk: ListingPages) -> None:
        """Request no more pages of a walk."""
        url = str(walk.listing)
        self._open.pop(url, None)
        self._new.pop(url, None)

    def add(self, record: PageRecord) -> None:
        """Add a finished page; a page of a walk that is no longer open is ignored."""
        going_on = self._open.get(record.listing)
        if going_on is not None:
            going_on.walk.add(record)
            if going_on.walk.length:
                self._new.pop(record.listing, None)
            going_on.page_came()

    def knows(self, listing: str) -> bool:
        """Whether a listing (canonical URL) was ever followed."""
        return listing in self._known

    def needs_second_request(self, listing: ListingURL) -> bool:
        """Whether this page was doubtful and must be requested once more."""
        one = self._open.get(str(listing.with_page(1)))
        return (
            one is not None
            and one.walk.needs_second_request
            and listing.page == one.walk.length + 1
        )

    def wanted(
        self, last_worth_asking: Callable[[ListingPages], int | None]
    ) -> Iterator[ListingURL]:
        """Listing pages to request, best first.

        ``last_worth_asking`` gives the last page of a walk to request ahead of time; None means
        no limit.
        """
        for walk in self._new.values():
            yield from map(walk.listing.with_page, walk.wanted(1))
        for walk in self:
            if walk.length:
                for page in walk.wanted(last_worth_asking(walk)):
                    yield walk.listing.with_page(page)
