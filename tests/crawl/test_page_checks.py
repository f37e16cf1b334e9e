"""When a page without a price is unreadable, and when one proves a range or "no results"."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from category_crawler.crawl.page_checks import (
    UNPRICED,
    PageRequest,
    check_kind,
    check_price,
    check_rows,
    price_proved,
    proves_no_results,
)
from category_crawler.errors import FilterNotApplied, NotAListing, UnreadablePage
from category_crawler.items import Product
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind, Page, PriceRange, Refinement
from tests.records import LISTING, product

OWN = PageRequest(ListingURL.parse(LISTING).with_page(2), most_have_prices=True)
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
        (BARE, PageRequest(OWN.listing)),
        (BARE, PageRequest(OWN.listing.with_sort("price-asc-rank"), most_have_prices=True)),
    ],
    ids=["one priced", "few", "another offer", "few had prices", "another order"],
)
def test_a_page_that_may_well_show_no_price(products: list[Product], asked: PageRequest) -> None:
    check_rows(page(*products), asked)


BOUNDED = PageRequest(ListingURL.parse(f"{LISTING}%2Cp_36%3A1000-2000"))
AUD, USD = [{"currency": currency, "price_cents": 1500} for currency in ("AUD", "USD")]
DEAR = {"price_cents": 9000}


@pytest.mark.parametrize(
    ("prices", "named", "proved"),
    [
        ([AUD], None, True),
        ([USD], None, False),
        ([USD | DEAR], None, False),
        ([AUD, USD | DEAR, USD | DEAR], None, True),
        ([AUD | DEAR, USD, USD], None, FilterNotApplied),
        ([USD | DEAR], PriceRange(1000, 2000, currency="AUD"), True),
        ([USD], PriceRange(600, 1300, currency="USD"), False),
        ([USD], PriceRange(600, 1300, currency="AUD"), False),
        ([AUD], PriceRange(600, 1300, currency="AUD"), FilterNotApplied),
        ([AUD], PriceRange(600, 1300, currency="USD"), True),
    ],
)
def test_a_price_range_is_proved_in_the_marketplaces_own_currency_only(
    prices: list[dict[str, Any]], named: PriceRange | None, proved: bool | type[Exception]
) -> None:
    cards = [product(number, **values) for number, values in enumerate(prices)]
    currency = max(("AUD", "USD"), key=[card.currency for card in cards].count)
    shown = Page(Kind.LISTING, products=cards, currency=currency, price_applied=named)
    if not isinstance(proved, bool):
        with pytest.raises(proved):
            check_price(shown, BOUNDED)
        return
    check_price(shown, BOUNDED)
    assert price_proved(shown, BOUNDED) is proved


def test_a_browse_page_of_another_node_names_its_listing() -> None:
    for node, said in (("17", "its listing is https://www.amazon.com.au/s?rh=n%3A17"), (None, "")):
        with pytest.raises(NotAListing, match="not a listing but browse") as refused:
            check_kind(Page(Kind.BROWSE, node_applied=node), PageRequest(ListingURL.parse(LISTING)))
        assert str(refused.value).endswith(said or "no results")


@pytest.mark.parametrize(
    ("cents", "is_refused"),
    [
        ([900] * 24, False),
        ([2400] * 24, False),
        ([1500] * 13 + [9900] * 11, False),
        ([1500] * 11 + [9900] * 13, True),
        ([700] * 24, True),
    ],
)
def test_a_slice_of_the_plan_keeps_rows_near_its_bounds(cents: list[int], is_refused: bool) -> None:
    cards = [product(number, price_cents=price) for number, price in enumerate(cents)]
    shown = Page(Kind.LISTING, products=cards, currency="AUD")
    with pytest.raises(FilterNotApplied) if is_refused else nullcontext():
        check_price(shown, replace(BOUNDED, is_slice=True))
    if not all(1000 <= price <= 2000 for price in cents):
        with pytest.raises(FilterNotApplied):
            check_price(shown, BOUNDED)


FILTERED = PageRequest(ListingURL.parse(f"{LISTING}%2Cp_89%3AAurelo%2Cp_36%3A1000-2000"))
BRAND = [Refinement("p_89:Aurelo", "Aurelo")]


@pytest.mark.parametrize(
    ("node", "filters", "named", "proves"),
    [
        ("4851693051", BRAND, PriceRange(1000, 2000), True),
        ("4851693051", BRAND, None, False),
        ("4851693051", BRAND, PriceRange(1000, 3000), False),
        ("4851693051", [], PriceRange(1000, 2000), False),
        ("4851611051", BRAND, PriceRange(1000, 2000), False),
        (None, [], None, False),
    ],
)
def test_no_results_is_proved_by_the_node_each_filter_and_the_price_range(
    node: str | None, filters: list[Refinement], named: PriceRange | None, proves: bool
) -> None:
    shown = Page(Kind.NO_RESULTS, node_applied=node, filters_applied=filters, price_applied=named)
    assert proves_no_results(shown, FILTERED) is proves
