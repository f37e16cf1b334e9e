"""Reads the prices of a card: the main price, the list price, the unit price and an offer's."""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from category_crawler.domain_config import Marketplace
from category_crawler.pages.card_nodes import CardNodes
from category_crawler.pages.elements import first_element, is_inside
from category_crawler.pages.price import NUMBER, Price, read_currency, read_price
from category_crawler.pages.text import clean, plain_digits, spaced_text_of, text_of

_UNIT = re.compile(r"\(.+/ ?([^/]+)\)")
_PLAIN_UNIT_PRICE = re.compile(r"\(([^()/]*\d[^()/]*/[^()/]*[^\W\d_][^()/]*)\)")
_DASHES = frozenset("-–—‑−~〜～")
_FROM = re.compile(
    r"\b(?:from|ab|à partir de|dès|a partire da|da|desde|a partir de|vanaf|från|od)\s*:?$",
    re.IGNORECASE,
)
_MEMBERSHIP = re.compile(
    r"kindle unlimited|audible|prime reading|prime video|music unlimited|membership|subscription"
    r"|suscripción|assinatura|abonnement|abbonamento|mitgliedschaft|lidmaatschap|medlemskap"
    r"|członkostw|üyelik|会員|読み放題|\btrial\b",
    re.IGNORECASE,
)
_PURCHASE = re.compile(
    r"(?:\b(?:or|o|ou|oder|oppure|of|eller|lub|veya)\s|または、?)\s*(.{1,24}?)\s*"
    r"(?:to (?:buy|purchase)|por la compra|para comprar|zum kauf|für den kauf|à l.achat"
    r"|pour acheter|per (?:l.acquisto|acquistare)"
    r"|om te kopen|bij aankoop|voor aankoop|för att köpa|vid köp|przy zakupie|za zakup|satın al"
    r"|で購入)",
    re.IGNORECASE,
)


class MainPrice(NamedTuple):
    """The main price of a card."""

    text: str
    """As displayed."""
    cents: int
    currency: str
    high_cents: int | None = None
    """The upper end of a range."""
    is_from: bool | None = None
    """True if the price is the lowest of several; None if the card does not say."""


def price(nodes: CardNodes, price_words: str, shop: Marketplace) -> MainPrice | None:
    """The main price; not the list price, unit price, a member's price or another's offer.

    ``price_words`` is the text of the card's price part.
    """
    shown = _main_nodes(nodes)
    main = read_price(_price_text(shown[0]), shop.currency) if shown else None
    if main is None:
        return None
    if main.cents == 0 and (bought := _purchase_price(nodes, price_words, shop)):
        return MainPrice(*bought)
    if main.cents == 0 and _MEMBERSHIP.search(price_words):
        return None
    high = _high_price(main, shown)
    is_from = high is not None or _FROM.search(_words_before(shown[0])) is not None
    return MainPrice(*main, high.cents if high else None, is_from or None)


def _main_nodes(nodes: CardNodes) -> list[LexborNode]:
    prices = nodes.all("a-price")
    if nodes.first("secondary-offer-recipe") is None:
        return prices
    return [node for node in prices if not is_inside(node, "secondary-offer-recipe", nodes.card)]


def _purchase_price(nodes: CardNodes, price_words: str, shop: Marketplace) -> Price | None:
    """The price that "Or $3.99 to buy" names, below the price for members."""
    match = _PURCHASE.search(clean(nodes.card.text(separator=" ")))
    if match:
        return read_price(match.group(1), shop.currency)
    offers = nodes.first("secondary-offer-recipe")
    if offers is None or not _is_to_buy(offers, price_words):
        return None
    return read_price(offers.text(separator=" "), shop.currency)


def _is_to_buy(offers: LexborNode, price_words: str) -> bool:
    """Whether the part with other offers says what the product costs to buy, in any language:
    below a price for members, and without a link to other sellers' offers."""
    words = clean(offers.text(separator=" "))
    is_below_membership = _MEMBERSHIP.search(price_words) and offers.css_first("a") is None
    return bool(_PURCHASE.search(words) or is_below_membership)


def _high_price(main: Price, shown: list[LexborNode]) -> Price | None:
    """The upper end of a range, in one element or in two with a dash between them."""
    first = NUMBER.search(main.text)
    rest = main.text[first.end() :] if first else ""
    _, dash, upper = next((rest.partition(dash) for dash in _DASHES if dash in rest), ("", "", ""))
    if not dash and len(shown) > 1 and _is_range(shown[0], shown[1]):
        upper = _price_text(shown[1])
    high = read_price(upper, main.currency)
    return high if high and high.cents > main.cents else None


def _is_range(low: LexborNode, high: LexborNode) -> bool:
    parent = low.parent
    if parent is None or high.parent is None or parent.mem_id != high.parent.mem_id:
        return False
    if "a-price-range" in (parent.attrs.get("class") or ""):
        return True
    between, node = "", low.next
    while node is not None and node.mem_id != high.mem_id:
        between, node = between + (node.text() or ""), node.next
    return clean(between) in _DASHES


def _words_before(node: LexborNode) -> str:
    """The words before a price, in its own element or before the link that it is in."""
    for inner in (node, node.parent):
        before = inner.prev if inner is not None else None
        while before is not None:
            if words := clean(before.text()):
                return words
            before = before.prev
    return ""


def list_price(nodes: CardNodes, shop: Marketplace) -> Price | None:
    """The struck-through price."""
    for node in nodes.all("a-text-price"):
        if node.attrs.get("data-a-strike") == "true":
            return read_price(_price_text(node), shop.currency)
    return None


def unit_price(nodes: CardNodes, price_words: str, shop: Marketplace) -> str | None:
    """The price by weight, volume or count: in brackets with its unit, not struck through.

    A price without brackets is an instalment (amazon.com.br). Older pages have it as plain text.
    """
    for node in nodes.all("a-text-price"):
        if "data-a-strike" in node.attrs:
            continue
        # The brackets hold the amount twice (for screen readers and as shown), then the unit.
        beside = clean(node.parent.text()) if node.parent is not None else ""
        if unit := _UNIT.fullmatch(beside):
            return f"{clean(_price_text(node))}/{unit.group(1)}"
    return _plain_unit_price(price_words or _words_beside(nodes.first("a-price")), shop)


def _plain_unit_price(words: str, shop: Marketplace) -> str | None:
    for match in _PLAIN_UNIT_PRICE.finditer(words) if "/" in words else ():
        amount, _, unit = match.group(1).partition("/")
        if read_currency(plain_digits(amount), shop.currency):
            return f"{amount.strip()}/{unit.strip()}"
    return None


def _words_beside(node: LexborNode | None) -> str:
    """The words of the row in which a price is; pages before 2023 have no price part."""
    link = node.parent if node is not None else None
    row = link.parent if link is not None and link.tag == "a" else link
    return spaced_text_of(row) or ""


def _price_text(node: LexborNode) -> str:
    """The text for screen readers, usually the first element; if empty, the parts shown."""
    first = first_element(node)
    is_spoken = first is not None and first.attrs.get("class") == "a-offscreen"
    spoken = text_of(first if is_spoken else node.css_first(".a-offscreen"))
    return spoken or _joined_parts(node)


def _joined_parts(node: LexborNode) -> str:
    """Symbol, whole part and fraction as one text; the page may show no decimal mark."""
    shown = ""
    for part in node.css(".a-price-symbol, .a-price-whole, .a-price-fraction"):
        is_fraction = "a-price-fraction" in (part.attrs.get("class") or "")
        mark = "," if "." in shown else "."
        shown += mark if is_fraction and shown[-1:].isdigit() else ""
        shown += clean(part.text())
    return shown


def offer_price(nodes: CardNodes, price_words: str, shop: Marketplace) -> Price | None:
    """Another seller's price: "No featured offers available", "More buying choices"."""
    offers = nodes.first("secondary-offer-recipe")
    if offers is None or _is_to_buy(offers, price_words):
        return None
    for node in offers.css(".a-offscreen, .a-color-base, .a-color-price"):
        if found := read_price(node.text(), shop.currency):
            return found
    return None
