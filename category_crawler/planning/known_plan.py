"""How an earlier run divided the same category; the next one begins with its slices. Pure.

A known plan is a hint and never a proof. It holds slices and no products, so every total is read
again, and whatever does not hold any more is divided as in a first run.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator

from category_crawler.files.record_file import Record
from category_crawler.job import CategoryJob
from category_crawler.listing_url import NODE_CODE, PRICE_CODE, Bounds
from category_crawler.planning.listing_pages import ListingPages
from category_crawler.planning.slice import Slice, Way
from category_crawler.run.records import Count, Moment


def _real_term(term: str) -> str:
    """The refinement, if it can be one. Raises ValueError."""
    code, value = _split(term)
    pattern = r"\d{0,12}-\d{0,12}" if code == PRICE_CODE else ".+"
    if not code or not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(f"{term[:50]!r} is no refinement")
    return term


class KnownSlice(Record):
    """A slice of a known plan."""

    term: Annotated[str, AfterValidator(_real_term)]
    """The refinement that makes it from the slice above: ``p_36:1000-1999``."""
    total: Count
    """Its products."""
    parts: tuple["KnownSlice", ...] = ()
    """The slices to request in its place; empty if it is requested itself."""


class KnownPlan(Record):
    """What a finished run leaves for the next one; some 40 bytes for each slice."""

    version: Literal[1] = 1
    asked: str
    """Canonical URL of the job's listing."""
    delivery_day: str | None
    """The job's delivery day, whose filter value is in :attr:`listing` only."""
    postcode: str | None
    listing: str
    """Canonical URL of the listing that was crawled."""
    finished_at: Moment
    page_size: Count
    last_page: Count | None
    """Pages that the strip of the whole listing showed."""
    served: Count
    """The most products of one listing that the site serves."""
    total: Count
    unpriced: Count
    """Products found without a price."""
    is_vouched: bool
    """Whether the list was complete, and an audit missed nothing."""
    refused: tuple[Way, ...] = ()
    """Ways to divide that the site did not apply, or that divided nothing."""
    parts: tuple[KnownSlice, ...] = ()
    """Empty if the category was not divided, or in a way that does not tell how to do it again."""

    def is_for(self, job: CategoryJob) -> bool:
        """Whether it is of the list that a job asks for."""
        return (self.asked, self.delivery_day, self.postcode) == asked_for(job)

    def holds(self, walk: ListingPages) -> bool:
        """Whether the whole listing, by its first page, still needs these slices and is served as
        it was then."""
        if walk.end is not None or walk.page_size != self.page_size:
            return False
        if not self.parts or not _leave_no_gap(self.parts, walk.listing.price):
            return False
        strip_is_true = (self.last_page or 0) * self.page_size < self.served + self.page_size
        is_as_before = walk.last_page == self.last_page or not strip_is_true
        return is_as_before and walk.total is not None and walk.total > self.served

    @property
    def prices(self) -> list[int]:
        """Where its slices by price end, in cents: as dense as the products were."""
        by_price = (part.term for part in self.parts if way_of(part.term) is Way.PRICE)
        return [high for _, high in map(_bounds, by_price) if high is not None]

    def divide(self, root: Slice) -> Iterator[Slice]:
        """Divide the whole listing into the known slices; return those to request."""
        return _divide(root, self.parts)


def asked_for(job: CategoryJob) -> tuple[str, str | None, str | None]:
    """What identifies a job's list: URL, delivery day and postcode."""
    postcode = job.marketplace.postcode(job.postcode) if job.postcode else None
    return str(job.listing), job.delivery_day, postcode


def way_of(term: str) -> Way:
    """The way to divide that makes slices with such a refinement."""
    return {PRICE_CODE: Way.PRICE, NODE_CODE: Way.NODES}.get(_split(term)[0], Way.BRAND_GROUPS)


def _leave_no_gap(parts: Sequence[KnownSlice], bounds: Bounds) -> bool:
    """Whether the slices are all of one kind and, by price, hold the whole range."""
    ways = {way_of(part.term) for part in parts}
    if ways != {Way.PRICE}:
        return len(ways) == 1
    ranges = [_bounds(part.term) for part in parts]
    ends = [None if high is None else high + 1 for _, high in ranges]
    begins = [low for low, _ in ranges]
    is_whole = (begins[0], ranges[-1][1]) == bounds
    return is_whole and None not in ends[:-1] and begins[1:] == ends[:-1]


def _bounds(term: str) -> Bounds:
    low, _, high = _split(term)[1].partition("-")
    return int(low) if low else None, int(high) if high else None


def _divide(one: Slice, parts: tuple[KnownSlice, ...]) -> Iterator[Slice]:
    if not parts:
        yield one
        return
    listings = [one.listing.with_refinement(*_split(part.term)) for part in parts]
    made = one.divide_as(way_of(parts[0].term), listings)
    for known, part in zip(parts, made, strict=True):
        yield from _divide(part, known.parts)


def _split(term: str) -> tuple[str, str]:
    code, _, value = term.partition(":")
    return code, value
