"""Reads one result card, with one function per field that returns a value or None.

All selectors come from real pages. The most stable ones are ``data-cy``, ``data-component-type``
and ``aria-label``; classes change with each layout. Pages before 2023 have no ``data-cy``.
"""

import re

from selectolax.lexbor import LexborNode

from category_crawler.domain_config import Marketplace
from category_crawler.items import Product
from category_crawler.pages.card_nodes import CardNodes
from category_crawler.pages.elements import first_element
from category_crawler.pages.price import Price, read_price
from category_crawler.pages.stock import read_stock, speaks_of_stock
from category_crawler.pages.text import clean, plain_digits, spaced_text_of, text_of, whole_number

_ASIN = re.compile(r"[A-Z0-9]{10}")
_ADVERTISEMENT_PREFIX = re.compile(
    r"^(sponsored ad|gesponserte anzeige|publicité sponsorisée|annuncio sponsorizzato"
    r"|anuncio patrocinado|anúncio patrocinado|gesponsorde advertentie|sponsrad annons"
    r"|reklama sponsorowana|sponsorlu reklam|スポンサー広告|إعلان ممول)\s*[-–—:]\s*",
    re.IGNORECASE,
)
_RATING = re.compile(r"\d[.,]\d|\d")
_ONE_NUMBER = re.compile(r"\D{0,3}(\d[\d.,'’ ]*)\D*")
_PRIME = re.compile(r"Prime(?<!\wPrime)\b")  # as a word; a leading \b would make it slow
_CHOOSERS = ("s-color-swatch-container", "s-variation-options-text", "s-variations-options-link")
_UNIT = re.compile(r"\(.+/ ?([^/]+)\)")
_CLOCK = re.compile(r"\d+:\d\d")


def read_card(card: LexborNode, shop: Marketplace) -> Product | None:
    """The product of a card, or None for a placeholder without an ASIN."""
    asin = card.attrs.get("data-asin") or ""
    if not _ASIN.fullmatch(asin):
        return None
    nodes = CardNodes.find(card)
    main, struck = price(nodes, shop), list_price(nodes, shop)
    offer = offer_price(nodes, shop)
    promise = delivery(nodes)
    return Product(
        asin=asin,
        title=title(nodes),
        price=main.text if main else None,
        price_cents=main.cents if main else None,
        currency=next((p.currency for p in (main, struck, offer) if p), None),
        list_price_cents=struck.cents if struck else None,
        unit_price=unit_price(nodes),
        brand=brand(nodes),
        rating=rating(nodes),
        review_count=review_count(nodes),
        url=f"https://{shop.host}/dp/{asin}",
        image_url=image_url(nodes),
        sponsored=sponsored(card),
        is_prime=is_prime(nodes, promise),
        in_stock=in_stock(nodes, promise),
        delivery=promise,
        badges=badges(nodes),
        coupon=spaced_text_of(nodes.first("s-coupon-unclipped")),
        bought_past_month=bought_past_month(nodes),
        offer_price_cents=offer.cents if offer else None,
        offer_count=offer_count(nodes),
        is_variant=is_variant(nodes),
    )


def sponsored(card: LexborNode) -> bool:
    """Whether the card is an advertisement; the class has been there since 2020."""
    return "AdHolder" in (card.attrs.get("class") or "")


def title(nodes: CardNodes) -> str | None:
    """The product's heading, without the advertiser's prefix."""
    heading = _title_heading(nodes)
    if heading is None:
        return None
    return text_of(heading) or _ADVERTISEMENT_PREFIX.sub("", _label(heading)) or None


def _title_heading(nodes: CardNodes) -> LexborNode | None:
    """The title's heading; a card may also have headings for brand and certification.

    Since 2024 the title's heading has an ``aria-label``; earlier it was the one with the link.
    """
    headings = nodes.all("h2")
    for heading in headings:
        if heading.attrs.get("aria-label"):
            return heading
    for heading in headings:
        if heading.css_first("a") is not None or _is_linked(heading):
            return heading
    return headings[0] if headings else None


def _is_linked(heading: LexborNode) -> bool:
    return heading.parent is not None and heading.parent.tag == "a"


def brand(nodes: CardNodes) -> str | None:
    """The brand: a small heading without a link, before the title's."""
    for heading in nodes.all("h2"):
        if "a-size-mini" in (heading.attrs.get("class") or "").split():
            if heading.attrs.get("aria-label") or heading.css_first("a") is not None:
                return None
            return None if _is_linked(heading) else text_of(heading)
    return None


def price(nodes: CardNodes, shop: Marketplace) -> Price | None:
    """The main price; not the list price, unit price or another seller's offer."""
    has_offers = nodes.first("secondary-offer-recipe") is not None
    for node in nodes.all("a-price"):
        if not (has_offers and _is_secondary(node)):
            return read_price(_price_text(node), shop.currency)
    return None


def list_price(nodes: CardNodes, shop: Marketplace) -> Price | None:
    """The struck-through price."""
    for node in nodes.all("a-text-price"):
        if node.attrs.get("data-a-strike") == "true":
            return read_price(_price_text(node), shop.currency)
    return None


def unit_price(nodes: CardNodes) -> str | None:
    """The price by weight, volume or count: in brackets with its unit, not struck through.

    A price without brackets is an instalment (amazon.com.br).
    """
    for node in nodes.all("a-text-price"):
        if "data-a-strike" in node.attrs:
            continue
        # The brackets hold the amount twice (for screen readers and as shown), then the unit.
        beside = clean(node.parent.text()) if node.parent is not None else ""
        if unit := _UNIT.fullmatch(beside):
            return f"{clean(_price_text(node))}/{unit.group(1)}"
    return None


def _price_text(node: LexborNode) -> str:
    """The text for screen readers, usually the first element; if empty, the parts shown."""
    first = first_element(node)
    is_spoken = first is not None and first.attrs.get("class") == "a-offscreen"
    spoken = text_of(first if is_spoken else node.css_first(".a-offscreen"))
    return spoken or "".join(
        clean(part.text())
        for part in node.css(".a-price-symbol, .a-price-whole, .a-price-fraction")
    )


def _is_secondary(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.attrs.get("data-component-type") != "s-search-result":
        if parent.attrs.get("data-cy") == "secondary-offer-recipe":
            return True
        parent = parent.parent
    return False


def offer_price(nodes: CardNodes, shop: Marketplace) -> Price | None:
    """Another seller's price: "No featured offers available", "More buying choices"."""
    offers = nodes.first("secondary-offer-recipe")
    if offers is None:
        return None
    for node in offers.css(".a-offscreen, .a-color-base, .a-color-price"):
        if found := read_price(node.text(), shop.currency):
            return found
    return None


def offer_count(nodes: CardNodes) -> int | None:
    """Number of other sellers' offers: "(2 used & new offers)"; "5+" counts as 5."""
    links = (offers.css_first("a") for offers in nodes.all("secondary-offer-recipe"))
    link = next((link for link in links if link is not None), None)
    match = re.search(r"\d+", plain_digits(link.text())) if link is not None else None
    return int(match.group()) if match else None


def rating(nodes: CardNodes) -> float | None:
    """Stars, 0 to 5. Japanese and Turkish name the 5 first, so a number with a fraction wins."""
    words = next((text for star in nodes.all("a-star") if (text := star.text())), "")
    numbers = _RATING.findall(plain_digits(words))
    stars = [float(number.replace(",", ".")) for number in sorted(numbers, key=len, reverse=True)]
    return stars[0] if stars and stars[0] <= 5 else None


def review_count(nodes: CardNodes) -> int | None:
    """The exact count from an ``aria-label``; the count shown may be rounded."""
    block = nodes.first("reviews-block")
    labelled = (nodes.card if block is None else block).css("a[aria-label], span[aria-label]")
    for node in labelled:
        label = plain_digits(clean(_label(node)))
        match = _ONE_NUMBER.fullmatch(label)
        if match and (block is not None or label[-1:].isdigit()):
            return whole_number(match.group(1))
    return None


def image_url(nodes: CardNodes) -> str | None:
    node = nodes.first("s-image")
    return node.attrs.get("src") if node is not None else None


def delivery(nodes: CardNodes) -> str | None:
    """The delivery promise as displayed."""
    return spaced_text_of(nodes.first("delivery-recipe"))


def is_prime(nodes: CardNodes, promise: str | None) -> bool | None:
    """Whether Prime is shown: an icon until 2025, since then a word in the delivery promise."""
    shown = nodes.first("a-icon-prime") is not None
    return True if shown or (promise and _PRIME.search(promise)) else None


def in_stock(nodes: CardNodes, promise: str | None) -> bool | None:
    """Whether the card says that the product is in stock, such as "Only 7 left in stock".

    The text is in the delivery promise if the card has one; before 2024 it could be anywhere.
    """
    if promise is not None:
        return read_stock(promise)
    if not speaks_of_stock(nodes.card.text()):
        return None
    shown = nodes.card.css(".a-color-price, .a-color-secondary, .a-color-success, .a-color-base")
    known = (read_stock(node.text()) for node in shown)
    return next((stock for stock in known if stock is not None), None)


def badges(nodes: CardNodes) -> list[str] | None:
    """Labels such as "Best Seller", each once, without the clock of a running deal."""
    shown = [spaced_text_of(node) for node in nodes.all("a-badge-label")]
    labels = dict.fromkeys(text for text in shown if text and not _CLOCK.search(text))
    return list(labels) or None


def bought_past_month(nodes: CardNodes) -> str | None:
    """The line below the stars: "1K+ bought in past month"."""
    for block in nodes.all("reviews-block"):
        for node in block.css("span.a-color-secondary"):
            text = spaced_text_of(node)
            if text and any(char.isdigit() for char in text) and _is_in_a_row(node, block):
                return text
    return None


def _is_in_a_row(node: LexborNode, block: LexborNode) -> bool:
    """Whether a node is in a row of normal text; the row with the stars has another size."""
    above = node.parent
    while above is not None and above.mem_id != block.mem_id:
        if {"a-row", "a-size-base"} <= set((above.attrs.get("class") or "").split()):
            return True
        above = above.parent
    return False


def is_variant(nodes: CardNodes) -> bool | None:
    """Whether the card offers other colours or sizes."""
    return True if any(nodes.all(mark) for mark in _CHOOSERS) else None


def _label(node: LexborNode) -> str:
    return clean(node.attrs.get("aria-label"))
