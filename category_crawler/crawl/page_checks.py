"""Checks that a page shows what was requested, before its rows are trusted. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from category_crawler.delivery.delivery_line import names_postcode
from category_crawler.domain_config import DELIVERY_DAY_CODE
from category_crawler.errors import (
    Blocked,
    FilterNotApplied,
    FilterUnavailable,
    LocationLost,
    NodeNotApplied,
    NotAListing,
    UnreadablePage,
    WrongCurrency,
)
from category_crawler.items import Product
from category_crawler.job import DeliveryDay
from category_crawler.listing_url import Bounds, ListingURL, within
from category_crawler.pages import Kind, Page, PriceRange, Refinement
from category_crawler.pages.block import BLOCKS

PRICED_INSIDE = 0.9
"""If a page does not name its price range: the share of main prices that must be inside it."""

_NEARLY_INSIDE = 0.5
"""The same for a slice of the plan, whose rows are right wherever their prices are."""
_NEAR = 1.25
"""Prices up to this many times beyond a slice's bounds are nearly inside: products sold from X to
Y show X, and the site may filter by another price than it shows."""

UNPRICED = 8
"""A page without any main price is suspect from this number of organic cards without any amount.

Real pages have up to 22 of 24 cards without a main price, many with another seller's offer. In
other sort orders, products without a price may come together.
"""

_DELIVERY_DAY_LABELS: dict[DeliveryDay, re.Pattern[str]] = {
    # English labels of real pages: "Get It by Tomorrow", "Get It in 2 Days".
    "tomorrow": re.compile(r"\btomorrow\b", re.IGNORECASE),
    "within_2_days": re.compile(r"\b(2|two) days\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What was requested of one page."""

    listing: ListingURL
    postcode: str | None = None
    request: int = 1
    """Number of listing requests that the run had made so far."""
    most_have_prices: bool = False
    """Whether most of the rows kept so far show a price."""
    is_slice: bool = False
    """Whether the price range is one of the plan's, not the caller's own."""


def check_page(page: Page, asked: PageRequest) -> None:
    """Raise a CrawlStopped if the page is not what was requested."""
    check_kind(page, asked)
    if asked.postcode is not None:
        check_location(page, asked)
    if page.kind is Kind.LISTING:
        if asked.postcode is not None:
            check_currency(page, asked)
        check_node(page, asked)
        check_refinements(page, asked)
        check_price(page, asked)
        check_rows(page, asked)


def check_kind(page: Page, asked: PageRequest) -> None:
    """Raise Blocked or NotAListing for a page that is not a listing."""
    listing = asked.listing
    check_block(
        page,
        listing.marketplace.host,
        f"page {listing.page} of {listing.with_page(1)}, at request {asked.request} of the run",
    )
    if page.kind is Kind.PAST_THE_END and asked.listing.page == 1:
        raise NotAListing("the first page of the listing is already past its end")
    if page.kind not in (Kind.LISTING, Kind.NO_RESULTS, Kind.PAST_THE_END):
        raise NotAListing(
            f"page {asked.listing.page} is not a listing but {page.kind}"
            f"{f' ({page.title!r})' if page.title else ''}: it has no product card and does not "
            f"say that there are no results{_listing_behind(page, asked)}"
        )


def _listing_behind(page: Page, asked: PageRequest) -> str:
    """Where the listing of another node's browse page is; empty for any other page."""
    if page.kind is not Kind.BROWSE or page.node_applied in (None, asked.listing.node):
        return ""
    return f"; its listing is https://{asked.listing.marketplace.host}/s?rh=n%3A{page.node_applied}"


def check_block(page: Page, host: str, wanted: str) -> None:
    """Raise Blocked if a block or error page came instead of the wanted page."""
    if block := BLOCKS.get(page.kind):
        said = f" ({page.message})" if page.message else ""
        raise Blocked(
            f"{host} answered with {block}{said} instead of {wanted}; wait some hours, or crawl "
            "more slowly"
        )


def check_location(page: Page, asked: PageRequest) -> None:
    """Raise LocationLost unless the delivery line names the postcode."""
    assert asked.postcode is not None
    if not names_postcode(page.location, asked.listing.marketplace, asked.postcode):
        seen = f"says {page.location!r}" if page.location else "has no delivery line"
        raise LocationLost(
            f"page {asked.listing.page} {seen}, not postcode {asked.postcode}: "
            "the delivery session has expired; make a new one"
        )


def check_currency(page: Page, asked: PageRequest) -> None:
    """Raise WrongCurrency if prices are not in the marketplace's own currency."""
    expected = asked.listing.marketplace.currency
    if page.currency is not None and page.currency != expected:
        raise WrongCurrency(
            f"page {asked.listing.page} shows prices in {page.currency}, not {expected}: "
            "the delivery session is for another country"
        )


def check_node(page: Page, asked: PageRequest) -> None:
    """Raise NodeNotApplied unless the page shows the requested node as chosen."""
    if page.node_applied != asked.listing.node:
        raise NodeNotApplied(
            f"page {asked.listing.page} was asked for node {asked.listing.node} and shows "
            f"{f'node {page.node_applied}' if page.node_applied else 'no chosen node'}: "
            "the site ignored the node, or does not know it"
        )


def check_refinements(page: Page, asked: PageRequest) -> None:
    """Raise FilterNotApplied unless the page shows every requested refinement as applied."""
    applied = {refinement.term for refinement in page.filters_applied}
    for code, value in asked.listing.refinements:
        for choice in choices(code, value):
            if choice not in applied:
                shown = ", ".join(r.label for r in page.filters_applied) or "none"
                raise FilterNotApplied(
                    f"page {asked.listing.page} does not show {choice} as applied "
                    f"(filters shown: {shown}): the site ignored it"
                )


def check_price(page: Page, asked: PageRequest) -> None:
    """Raise FilterNotApplied if the page shows that the requested price range was not applied.

    The caller's own range must be proved. In a slice of the plan, where the node and the other
    filters are proved, the rows are right anyway.

    The range is in the marketplace's own currency. Prices in another one prove nothing.
    """
    bounds = asked.listing.price
    if bounds == (None, None):
        return
    named = _named_range(page, asked)
    if named is not None:
        if not named.matches(*bounds):
            raise FilterNotApplied(
                f"page {asked.listing.page} was asked for prices {_range(bounds)} and says {named}"
            )
        return
    prices = main_prices(page.products, asked.listing.marketplace.currency)
    share, around = (_NEARLY_INSIDE, _near(bounds)) if asked.is_slice else (PRICED_INSIDE, bounds)
    inside = [price for price in prices if within(price, around)]
    if len(inside) < share * len(prices):
        raise FilterNotApplied(
            f"page {asked.listing.page} was asked for prices {_range(bounds)} and only "
            f"{len(inside)} of its {len(prices)} prices are inside"
        )


def _near(bounds: Bounds) -> Bounds:
    low, high = bounds
    return low and int(low / _NEAR), high and ceil(high * _NEAR)


def price_proved(page: Page, asked: PageRequest) -> bool | None:
    """Whether a checked page proves that its price range was applied; None without a range."""
    if asked.listing.price == (None, None):
        return None
    currency = asked.listing.marketplace.currency
    return _named_range(page, asked) is not None or bool(main_prices(page.products, currency))


def proves_no_results(page: Page, asked: PageRequest) -> bool:
    """Whether a page without results shows the requested node, filters and price range."""
    try:
        check_node(page, asked)
        check_refinements(page, asked)
        check_price(page, asked)
    except (NodeNotApplied, FilterNotApplied):
        return False
    return price_proved(page, asked) is not False


def check_rows(page: Page, asked: PageRequest) -> None:
    """Raise UnreadablePage if the readers must have missed something.

    On the real site every card has a title, a first page that counts results shows some, and a
    page without any price does not follow pages with prices.
    """
    if asked.listing.page == 1 and page.last and all(p.sponsored for p in page.products):
        raise UnreadablePage(
            f"the first page says that it shows results {page.first} to {page.last}, and none of "
            "its cards could be read as one: the page readers must be fixed"
        )
    untitled = sum(1 for product in page.products if not product.title)
    if untitled * 2 > len(page.products):
        raise UnreadablePage(
            f"{untitled} of the {len(page.products)} cards of page {asked.listing.page} have no "
            "title: the site's markup has changed and the page readers must be fixed"
        )
    if asked.most_have_prices and not asked.listing.sort and _shows_no_price(page):
        raise UnreadablePage(
            f"none of the cards of page {asked.listing.page} shows a price, but most earlier "
            "cards did: the site's markup has changed and the page readers must be fixed"
        )


def _shows_no_price(page: Page) -> bool:
    organic = [product for product in page.products if not product.sponsored]
    bare = [p for p in organic if p.price_cents is None and p.offer_price_cents is None]
    return all(p.price_cents is None for p in organic) and len(bare) >= UNPRICED


def learn_delivery_day(offered: Sequence[Refinement], day: DeliveryDay) -> str:
    """The value of the delivery-day refinement, read from the rail.

    Raises FilterUnavailable if the rail does not offer the day.
    """
    group = [r for r in offered if r.term and r.term.startswith(f"{DELIVERY_DAY_CODE}:")]
    for refinement in group:
        if _DELIVERY_DAY_LABELS[day].search(refinement.label):
            assert refinement.term is not None
            return refinement.term.partition(":")[2]
    labels = ", ".join(repr(r.label) for r in group) or "no delivery day at all"
    raise FilterUnavailable(
        f"the first page offers {labels}, so filter_delivery_day={day} cannot be applied"
    )


def choices(code: str, value: str) -> list[str]:
    """The single terms of a refinement, as ``code:value``; the value ``a|b`` holds two."""
    return [f"{code}:{part.removeprefix(f'{code}:')}" for part in value.split("|")]


def main_prices(products: Sequence[Product], currency: str) -> list[int]:
    """Main prices of the organic results in a currency, in cents."""
    prices = (product.cents_in(currency) for product in products if not product.sponsored)
    return [cents for cents in prices if cents is not None]


def _named_range(page: Page, asked: PageRequest) -> PriceRange | None:
    """The price range that a page names, if it can be compared with the requested one.

    Visitors from abroad may see US dollars as "$" on a marketplace that writes its own dollars "$"
    too. On a page in another currency, the named range counts only if it is the requested one.
    """
    named, own = page.price_applied, asked.listing.marketplace.currency
    if named is None or named.currency not in ("", own):
        return None
    is_sure = page.currency in (None, own) or named.matches(*asked.listing.price)
    return named if is_sure else None


def _range(bounds: tuple[int | None, int | None]) -> str:
    low, high = ("…" if bound is None else f"{bound / 100:.2f}" for bound in bounds)
    return f"{low} to {high}"
