"""When a page without a price is one that was not read."""

import pytest

from category_crawler.checks import UNPRICED, Asked, check_rows
from category_crawler.errors import UnreadablePage
from category_crawler.items import Product
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind, Page
from tests.records import LISTING, product

OWN = Asked(ListingURL.parse(LISTING).with_page(2), most_have_prices=True)
BARE = [product(number, price_cents=None) for number in range(UNPRICED)]
ADVERTISED = product(90, sponsored=True)


def page(*products: Product) -> Page:
    return Page(Kind.LISTING, products=list(products))


def test_no_price_where_others_had_some_is_unreadable() -> None:
    with pytest.raises(UnreadablePage, match="page 2 shows a price"):
        check_rows(page(*BARE, ADVERTISED), OWN)


@pytest.mark.parametrize(
    ("products", "asked"),
    [
        ([*BARE, product(91)], OWN),
        (BARE[1:], OWN),
        ([*BARE[1:], product(92, price_cents=None, offer_price_cents=4321)], OWN),
        (BARE, Asked(OWN.listing)),
        (BARE, Asked(OWN.listing.with_sort("price-asc-rank"), most_have_prices=True)),
    ],
    ids=["one priced", "few", "another offer", "few had prices", "another order"],
)
def test_a_page_that_may_well_show_no_price(products: list[Product], asked: Asked) -> None:
    check_rows(page(*products), asked)
