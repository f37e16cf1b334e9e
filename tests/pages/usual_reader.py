"""A listing read the usual way: the page parsed whole, a query for each field of each card.

It reads what :func:`category_crawler.pages.read_page` reads, with whichever library it is given.
Texts become values by the project's own functions, so that what differs is only how they are found.
"""

import re
from dataclasses import dataclass

from category_crawler.domain_config import Marketplace
from category_crawler.items import Product
from category_crawler.pages.price import Price, read_price
from category_crawler.pages.rail import Refinement
from category_crawler.pages.result_bar import NO_BAR, ResultBar, read_result_bar
from category_crawler.pages.text import clean, plain_digits, whole_number
from tests.pages.libraries import Library, Node

_CARD = 'div[data-component-type="s-search-result"]'
_OFFERS = '[data-cy="secondary-offer-recipe"]'
_ADVERTISEMENT = re.compile(r"^(sponsored ad|anuncio patrocinado|スポンサー広告)\s*[-–:]\s*", re.I)
_ONE_NUMBER = re.compile(r"\D{0,3}(\d[\d.,'’ ]*)\D*")
_CHOOSERS = ".s-color-swatch-container, .s-variation-options-text, .s-variations-options-link"


@dataclass(frozen=True, slots=True)
class Reading:
    """A page's products and what it says of itself."""

    products: list[Product]
    bar: ResultBar
    numbers: list[str]
    has_next: bool
    location: str
    title: str
    refinements: list[Refinement]


@dataclass(frozen=True, slots=True)
class UsualReader:
    """The reader over one library."""

    library: Library

    def read(self, body: bytes, shop: Marketplace) -> Reading:
        """Read a listing page."""
        tree = self.library.parse(body)
        return Reading(
            products=[self._product(card, shop) for card in self._all(tree, _CARD)],
            bar=self._bar(tree),
            numbers=[self._words(node) for node in self._all(tree, ".s-pagination-item")],
            has_next=bool(self._all(tree, "a.s-pagination-next")),
            location=" ".join(
                self._first_words(tree, f"#glow-ingress-line{number}") or "" for number in (1, 2)
            ),
            title=self._first_words(tree, "head title") or "",
            refinements=self._refinements(tree),
        )

    def _product(self, card: Node, shop: Marketplace) -> Product:
        asin = self._attribute(card, "data-asin")
        main, offer = self._main_price(card, shop), self._offer(card, shop)
        struck = self._price(card, '.a-price.a-text-price[data-a-strike="true"]', shop)
        promise = self._first_words(card, '[data-cy="delivery-recipe"]', " ")
        return Product(
            asin=asin,
            title=self._title(card),
            price=main.text if main else None,
            price_cents=main.cents if main else None,
            currency=next((p.currency for p in (main, struck, offer) if p), None),
            list_price_cents=struck.cents if struck else None,
            unit_price=self._unit_price(card),
            brand=self._brand(card),
            rating=self._rating(card),
            review_count=self._review_count(card),
            url=f"https://{shop.host}/dp/{asin}",
            image_url=self._first_attribute(card, "img.s-image", "src"),
            sponsored="AdHolder" in self._attribute(card, "class"),
            is_prime=self._is_prime(card, promise),
            in_stock=self._in_stock(card),
            delivery=promise,
            badges=self._badges(card),
            coupon=self._first_words(card, ".s-coupon-unclipped", " "),
            bought_past_month=self._bought(card),
            offer_price_cents=offer.cents if offer else None,
            offer_count=self._offer_count(card),
            is_variant=bool(self._all(card, _CHOOSERS)) or None,
        )

    def _title(self, card: Node) -> str | None:
        headings = self._all(card, "h2[aria-label], h2 a") or self._all(card, "a h2, h2")
        if not headings:
            return None
        label = clean(self._attribute(headings[0], "aria-label"))
        return self._words(headings[0]) or _ADVERTISEMENT.sub("", label) or None

    def _brand(self, card: Node) -> str | None:
        small = self._all(card, "h2.a-size-mini:not([aria-label])")
        return self._words(small[0]) if small and not self._all(small[0], "a") else None

    def _main_price(self, card: Node, shop: Marketplace) -> Price | None:
        if self._all(card, f"{_OFFERS} .a-price"):
            return None
        return self._price(card, ".a-price:not(.a-text-price)", shop)

    def _price(self, card: Node, query: str, shop: Marketplace) -> Price | None:
        for node in self._all(card, query):
            return read_price(self._price_words(node), shop.currency)
        return None

    def _price_words(self, node: Node) -> str:
        parts = ".a-price-symbol, .a-price-whole, .a-price-fraction"
        spoken = self._first_words(node, ".a-offscreen")
        return spoken or "".join(self._words(part) for part in self._all(node, parts))

    def _unit_price(self, card: Node) -> str | None:
        for node in self._all(card, ".a-price.a-text-price:not([data-a-strike])"):
            return self._price_words(node)
        return None

    def _offer(self, card: Node, shop: Marketplace) -> Price | None:
        query = f"{_OFFERS} .a-offscreen, {_OFFERS} .a-color-base, {_OFFERS} .a-color-price"
        for node in self._all(card, query):
            if found := read_price(self._words(node), shop.currency):
                return found
        return None

    def _offer_count(self, card: Node) -> int | None:
        words = self._first_words(card, f"{_OFFERS} a") or ""
        match = re.search(r"\d+", plain_digits(words))
        return int(match.group()) if match else None

    def _rating(self, card: Node) -> float | None:
        words = self._first_words(card, 'i[class*="a-star"] .a-icon-alt') or ""
        numbers = re.findall(r"\d[.,]\d|\d", plain_digits(words))
        stars = max(numbers, key=len, default=None)
        return float(stars.replace(",", ".")) if stars else None

    def _review_count(self, card: Node) -> int | None:
        block = '[data-cy="reviews-block"]'
        for node in self._all(card, f"{block} a[aria-label], {block} span[aria-label]"):
            match = _ONE_NUMBER.fullmatch(plain_digits(clean(self._attribute(node, "aria-label"))))
            if match:
                return whole_number(match.group(1))
        return None

    def _is_prime(self, card: Node, promise: str | None) -> bool | None:
        shown = self._all(card, "i.a-icon-prime") or re.search(r"\bPrime\b", promise or "")
        return True if shown else None

    def _in_stock(self, card: Node) -> bool | None:
        for node in self._all(card, ".a-color-price, .a-color-secondary, .a-color-base"):
            words = self._words(node).lower()
            if "unavailable" in words or "out of stock" in words:
                return False
            if "in stock" in words or "auf lager" in words:
                return True
        return None

    def _badges(self, card: Node) -> list[str] | None:
        labels = [self._words(node, " ") for node in self._all(card, ".a-badge-label")]
        return [label for label in labels if label] or None

    def _bought(self, card: Node) -> str | None:
        query = '[data-cy="reviews-block"] .a-row.a-size-base .a-color-secondary'
        return self._first_words(card, query, " ")

    def _bar(self, tree: Node) -> ResultBar:
        for span in self._all(tree, '[data-component-type="s-result-info-bar"] span'):
            if (read := read_result_bar(self._words(span))) != NO_BAR:
                return read
        return NO_BAR

    def _refinements(self, tree: Node) -> list[Refinement]:
        return [
            Refinement(self._attribute(item, "id").replace("/", ":", 1), self._words(item, " "))
            for item in self._all(tree, '#s-refinements li[id*="/"]')
        ]

    def _all(self, node: Node, query: str) -> list[Node]:
        return self.library.all(node, query)

    def _words(self, node: Node, separator: str = "") -> str:
        return clean(self.library.words(node, separator))

    def _attribute(self, node: Node, name: str) -> str:
        return self.library.attribute(node, name) or ""

    def _first_words(self, node: Node, query: str, separator: str = "") -> str | None:
        for found in self._all(node, query):
            return self._words(found, separator) or None
        return None

    def _first_attribute(self, node: Node, query: str, name: str) -> str | None:
        for found in self._all(node, query):
            return self._attribute(found, name) or None
        return None
