"""The journal record of a page: what it showed, as far as the plan needs it."""

from dataclasses import dataclass

from category_crawler.crawl.page_checks import PageRequest, price_proved, proves_no_results
from category_crawler.domain_config import BRAND_CODES
from category_crawler.items import Product
from category_crawler.listing_url import Bounds, ListingURL, within
from category_crawler.pages import Kind, Page, Refinement
from category_crawler.run.journal import PageRecord
from category_crawler.times import utc_now


@dataclass(frozen=True, slots=True)
class Counts:
    """What a page's record says of the run."""

    new: int
    """Rows that the page added."""
    requests: int
    """Requests for the page, failed ones included."""
    offset: int
    """Size of ``products.part`` in bytes, with the page's rows."""


def page_record(page: Page, listing: ListingURL, counts: Counts, asked: Bounds) -> PageRecord:
    """The record of a page of a listing; ``asked`` is the job's price range."""
    own = listing.marketplace.currency
    organic = [product for product in page.products if not product.sponsored]
    inside = [product for product in organic if is_inside(product, own, asked)]
    return PageRecord(
        listing=str(listing.with_page(1)),
        page=listing.page,
        kind=page.kind,
        first=page.first,
        last=page.last,
        total=page.total,
        total_is_rounded=page.total_is_rounded,
        totals_differ=page.totals_differ,
        corrected_query=page.corrected_query,
        cards_missed=_cards_missed(page),
        is_garbled=page.is_garbled,
        page_shown=_another_number(page, listing),
        last_page=page.last_page,
        has_next=page.has_next,
        asins=tuple(product.asin for product in inside),
        prices=tuple(product.cents_in(own) for product in inside),
        new=counts.new,
        outliers=len(organic) - len(inside),
        price_proved=price_proved(page, PageRequest(listing)),
        requests=counts.requests,
        at=utc_now(),
        brands=_brands(page.filters_offered) if listing.page == 1 else (),
        nodes=tuple(page.nodes_below) if listing.page == 1 else (),
        foreign=_foreign(inside, own),
        proved=(
            proves_no_results(page, PageRequest(listing)) if page.kind is Kind.NO_RESULTS else None
        ),
        offset=counts.offset,
    )


def is_inside(product: Product, own: str, asked: Bounds) -> bool:
    """Whether a product's price is in the job's range; the range of a slice does not count.

    The range is in the marketplace's ``own`` currency. Prices in another one are not compared.
    """
    cents = product.cents_in(own)
    return cents is None or within(cents, asked)


def _cards_missed(page: Page) -> int:
    """How many more cards the metadata counts than were read."""
    if page.kind is not Kind.LISTING or page.metadata.cards is None:
        return 0
    return page.metadata.cards - len(page.products)


def _another_number(page: Page, listing: ListingURL) -> int | None:
    """The number that a page gives itself, if another one was requested."""
    number = page.metadata.page
    return None if number == listing.page else number


def _foreign(products: list[Product], own: str) -> tuple[str, ...]:
    """Currencies of these products' main prices, except ``own``."""
    priced = (product for product in products if product.price_cents is not None)
    return tuple(sorted({p.currency for p in priced if p.currency} - {own}))


def _brands(offered: list[Refinement]) -> tuple[str, ...]:
    """The brands that a rail offers, as terms with one code."""
    for code in BRAND_CODES:
        if brands := tuple(r.term for r in offered if r.term and r.term.startswith(f"{code}:")):
            return brands
    return ()
