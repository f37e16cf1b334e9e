"""Makes result cards and advertisements, with the same elements as on the real site."""

from dataclasses import dataclass, replace
from html import escape
from typing import Self

from tests.storefront.catalogue import BRANDS, Item
from tests.storefront.offers import Offers, offers_of
from tests.storefront.wording import Wording, grouped, money, whole_money

_FOREIGN_RATE = 0.65
"""US dollars per unit of the shop's own currency."""


@dataclass(frozen=True, slots=True)
class Look:
    """The visitor's settings that change a card's look."""

    words: Wording
    currency: str
    own_currency: str
    foreign: bool
    foreign_share: float = 1.0
    """Share of cards that show the other currency."""
    has_title: bool = True
    title_end: str = ""
    has_price: bool = True
    mixed_offers: bool = False

    @property
    def own(self) -> Self:
        """The same settings in the shop's own currency."""
        return replace(self, currency=self.own_currency, foreign=False)

    def of(self, item: Item) -> Self:
        """The look of one card."""
        return self if item.number % 100 < 100 * self.foreign_share else self.own

    def converted(self, cents: int) -> int:
        """An amount in the shop's own currency, converted to the visitor's."""
        return round(cents * _FOREIGN_RATE) if self.foreign else cents

    def named(self, amount: str) -> str:
        """An amount as visitors from abroad see it, with the name of the currency."""
        return amount.replace("$", "US$") if self.foreign and self.currency == "USD" else amount

    def whole(self, cents: int) -> str:
        """An amount in the shop's own currency, as the rail shows it."""
        return self.named(whole_money(self.converted(cents), self.currency, self.words))


def card(item: Item, look: Look, index: int) -> str:
    """An organic result."""
    return _card(item, look, index, advertisement=False)


def advertisement(item: Item, look: Look, index: int) -> str:
    """The product as an advertisement, whose links go through a redirect."""
    return _card(item, look, index, advertisement=True)


def carousel(items: list[Item]) -> str:
    """A widget between the results; its products are not results."""
    inner = "".join(
        f'<li class="a-carousel-card"><div data-asin="{item.asin}">'
        f'<a href="/dp/{item.asin}"><span>{escape(item.title)}</span></a>'
        f'<span class="a-price"><span class="a-offscreen">$9.99</span></span></div></li>'
        for item in items
    )
    return (
        '<div class="s-result-item s-widget" data-asin="" data-component-type="s-carousel">'
        f"<ol>{inner}</ol></div>"
    )


def displayed_cents(item: Item, look: Look) -> int | None:
    """The main price in the visitor's currency."""
    return None if item.price_cents is None else look.converted(item.price_cents)


def _shown(cents: int, look: Look) -> str:
    return look.named(money(cents, look.currency, look.words))


def _card(item: Item, look: Look, index: int, *, advertisement: bool) -> str:
    look = look.of(item)
    holder = " AdHolder" if advertisement else ""
    link = f"/sspa/click?url=%2Fdp%2F{item.asin}" if advertisement else f"/dp/{item.asin}/ref=sr"
    return (
        f'<div role="listitem" data-asin="{item.asin}" data-index="{index}" '
        f'data-component-type="s-search-result" class="sg-col s-result-item s-asin{holder}">'
        '<div class="puis-card-container" data-cy="asin-faceout-container">'
        f'<div data-cy="image-container"><a aria-hidden="true" href="{link}">'
        f'<img class="s-image" src="https://images.example/{item.asin}.jpg"></a></div>'
        f"{_title(item, look, link, advertisement)}{_reviews(item, look, link)}"
        f"{_price(item, look, link)}{_delivery(item, look)}{_offers(item, look)}"
        "</div></div>"
    )


def _title(item: Item, look: Look, link: str, advertisement: bool) -> str:
    if not look.has_title:
        return '<div data-cy="title-recipe"></div>'
    title = escape(item.title + look.title_end)
    prefix = look.words.advertisement if advertisement else ""
    brand = ""
    if item.number % 3 == 0:
        brand = f'<h2 class="a-size-mini s-line-clamp-1"><span>{BRANDS[item.brand]}</span></h2>'
    certified = ""
    if item.number % 11 == 0:
        certified = '<div data-cy="certification-recipe"><h2 class="a-text-bold">1 mark</h2></div>'
    return (
        f'<div data-cy="title-recipe">{brand}<a class="a-link-normal" href="{link}">'
        f'<h2 aria-label="{prefix}{title}" class="a-size-base-plus"><span>{title}</span></h2></a>'
        f"</div>{certified}"
    )


def _reviews(item: Item, look: Look, link: str) -> str:
    words = look.words
    stars = str(item.rating).replace(".", words.decimal)
    rough = f"{item.reviews / 1000:.1f}K" if item.reviews >= 1000 else str(item.reviews)
    bought = ""
    if item.reviews > 500:
        bought = (
            '<div class="a-row a-size-base"><span class="a-color-secondary">50+ bought</span></div>'
        )
    return (
        f'<div data-cy="reviews-block"><a aria-label="{words.stars.format(stars)}, details" '
        f'href="#"><i class="a-icon a-icon-star-mini a-star-mini-4" data-cy="reviews-ratings-slot">'
        f'<span class="a-icon-alt">{words.stars.format(stars)}</span></i></a>'
        f'<a aria-label="{words.ratings.format(grouped(item.reviews, words))}" href="{link}">'
        f'<span aria-hidden="true">({rough})</span></a>{bought}</div>'
    )


def _price(item: Item, look: Look, link: str) -> str:
    cents = displayed_cents(item, look)
    if cents is None or not look.has_price:
        return '<div data-cy="price-recipe"></div>'
    extra = _extra(item, look)
    shown = (
        f'<span class="a-price"><span class="a-offscreen">\u200e{_shown(cents, look)}</span>'
        f'<span aria-hidden="true"><span class="a-price-whole">{cents // 100}</span></span></span>'
    )
    return (
        f'<div data-cy="price-recipe">{extra.before_price}<a href="{link}">'
        f"{extra.price or shown}{extra.after_price}"
        f"{_unit_price(item, look)}{_list_price(item, look)}</a>{extra.below_price}</div>"
    )


def _extra(item: Item, look: Look) -> Offers:
    cents = displayed_cents(item, look)
    if not look.mixed_offers or cents is None:
        return Offers()
    return offers_of(item.number, cents, lambda amount: _shown(amount, look))


def _unit_price(item: Item, look: Look) -> str:
    if item.number % 7:
        return ""
    amount = _shown(199, look)
    return (
        f'<span>(<span class="a-price a-text-price"><span class="a-offscreen">{amount}</span>'
        f'<span aria-hidden="true">{amount}</span></span>/count)</span>'
    )


def _list_price(item: Item, look: Look) -> str:
    if item.list_price_cents is None or look.foreign:
        return ""
    amount = _shown(item.list_price_cents, look)
    return (
        f'<div><span>{look.words.list_price}</span><span class="a-price a-text-price" '
        f'data-a-strike="true"><span class="a-offscreen">{amount}</span></span></div>'
    )


def _delivery(item: Item, look: Look) -> str:
    when = look.words.tomorrow if item.ships_in_days == 1 else f"Day {item.ships_in_days}"
    prime = "Prime " if item.prime and not look.foreign else ""
    return (
        '<div data-cy="delivery-recipe"><div data-cy="delivery-block">'
        f"{prime}{look.words.free_delivery.format(f'<span>{when}</span>')}</div>"
        f"{_extra(item, look).in_delivery}</div>{_extra(item, look).below_delivery}"
    )


def _offers(item: Item, look: Look) -> str:
    if item.price_cents is not None and (item.number % 5 or _extra(item, look).price):
        return ""
    amount = _shown(4321, look)
    return (
        f'<div data-cy="secondary-offer-recipe"><span>{look.words.no_offers}</span><br>'
        f'<span class="a-color-base">{amount}</span>'
        f'<a href="#">{look.words.new_offers.format(2)}</a></div>'
    )
