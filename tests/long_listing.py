"""A listing of many pages made from one: other products, ranks and numbers, the same markup."""

import re

from category_crawler.pages import Page, read_page
from tests.samples import Sample, listings, shop_listings

NODE = "4851693051"
"""The node that every page says it is of."""
CARDS = 48
_SHOP_BYTES = 1_000_000
"""What the shop's own pages are filled up to: about what real ones have."""

_LAST_PAGE = re.compile(rb'(s-pagination-disabled"[^>]*>)\d+(</span>)')
_METADATA_PAGE = re.compile(rb'(s\\-metadata[^<]*"page":)\d+')
_ANY_DEPARTMENT = re.compile(rb'(<option[^>]*selected[^>]* value=")search-alias=aps"')


class LongListing:
    """As many pages as asked for, each with the markup of one sample and products of its own."""

    def __init__(self, sample: Sample, pages: int) -> None:
        self.sample = sample
        self.pages = pages
        page = read_page(sample.body, sample.shop)
        self._organic = sum(not product.sponsored for product in page.products)
        self._asins = [product.asin.encode() for product in page.products]
        self._range = re.compile(rb"\b%d-%d\b" % (page.first or 0, page.last or 0))

    @property
    def url(self) -> str:
        """Where it begins."""
        return f"https://{self.sample.shop.host}/s?rh=n%3A{NODE}"

    @property
    def is_sound(self) -> bool:
        """Whether it has pages of 48 results, and the second reads as one of the listing should."""
        if self._organic != CARDS:
            return False
        page = read_page(self.page(2), self.sample.shop)
        return _facts(page) == (CARDS + 1, 2 * CARDS, self.pages, True, NODE)

    def page(self, number: int) -> bytes:
        """The page with this 1-based number."""
        body, last = self.sample.body, CARDS * number
        for index, asin in enumerate(self._asins):
            body = body.replace(asin, b"B%05d%04d" % (number, index))
        body = self._range.sub(b"%d-%d" % (last - CARDS + 1, last), body)
        body = _METADATA_PAGE.sub(rb"\g<1>%d" % number, body, count=1)
        body = _LAST_PAGE.sub(rb"\g<1>%d\g<2>" % self.pages, body)
        if number == self.pages:
            body = body.replace(b"s-pagination-next", b"s-pagination-end")
        return _ANY_DEPARTMENT.sub(rb'\1node=%b"' % NODE.encode(), body, count=1)


def long_listings(pages: int) -> list[LongListing]:
    """One for each sample with 48 results, the smallest first; of the shop's pages one."""
    found = _sound(listings(), pages) or _sound(shop_listings(_SHOP_BYTES), pages)[:1]
    return sorted(found, key=lambda listing: len(listing.sample.body))


def _sound(samples: tuple[Sample, ...], pages: int) -> list[LongListing]:
    made = (LongListing(sample, pages) for sample in samples)
    return [listing for listing in made if listing.is_sound]


def _facts(page: Page) -> tuple[int | None, int | None, int | None, bool, str | None]:
    return page.first, page.last, page.last_page, page.has_next, page.node_applied
