"""Reads one result card, with one function per field that returns a value or None.

All selectors come from real pages. The most stable ones are ``data-cy``, ``data-component-type``
and ``aria-label``; classes change with each layout. Pages before 2023 have no ``data-cy``.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from category_crawler.domain_config import Marketplace
from category_crawler.items import Product
from category_crawler.pages.card_nodes import LABELLED_ROW, OTHER_OFFER, SPONSORED_LABEL, CardNodes
from category_crawler.pages.card_price import list_price, offer_price, price, unit_price
from category_crawler.pages.elements import around, first_element, is_inside, link_around
from category_crawler.pages.promotion import coupon, promotion, subscribe_discount
from category_crawler.pages.stock import read_stock, speaks_of_stock, without_stock
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
_CLOCK = re.compile(r"\d+:\d\d")
_ADVERTISEMENT_LINK = re.compile(r"/sspa/|/gp/slredirect/")
_STOCK_ROWS = (
    ".a-color-price, .a-color-secondary, .a-color-success, .a-color-base,"
    " div[aria-label], span[aria-label]"
)
_LONGEST_STOCK_ROW = 100
"""Characters; longer texts are titles or descriptions that happen to speak of stock."""


def read_card(card: LexborNode, shop: Marketplace) -> Product | None:
    """The product of a card, or None for a placeholder without an ASIN."""
    asin = card.attrs.get("data-asin") or ""
    if not _ASIN.fullmatch(asin):
        return None
    nodes = CardNodes.find(card, asin)
    price_words = spaced_text_of(nodes.first("price-recipe")) or ""
    main, struck = price(nodes, price_words, shop), list_price(nodes, shop)
    offer = offer_price(nodes, price_words, shop)
    promise = delivery_words(nodes)
    return Product(
        asin=asin,
        title=title(nodes),
        price=main.text if main else None,
        price_cents=main.cents if main else None,
        price_high_cents=main.high_cents if main else None,
        price_is_from=main.is_from if main else None,
        currency=next((p.currency for p in (main, struck, offer) if p), None),
        list_price_cents=struck.cents if struck else None,
        unit_price=unit_price(nodes, price_words, shop),
        brand=brand(nodes),
        rating=rating(nodes),
        review_count=review_count(nodes),
        url=f"https://{shop.host}/dp/{asin}",
        image_url=image_url(nodes),
        sponsored=sponsored(nodes),
        is_prime=is_prime(nodes, promise),
        in_stock=in_stock(nodes, promise),
        delivery=delivery(nodes, promise),
        badges=badges(nodes),
        coupon=coupon(nodes),
        subscribe_discount=subscribe_discount(nodes),
        promotion=promotion(nodes, price_words),
        bought_past_month=bought_past_month(nodes),
        offer_price_cents=offer.cents if offer else None,
        offer_count=offer_count(nodes),
        is_variant=is_variant(nodes),
    )


def sponsored(nodes: CardNodes) -> bool:
    """Whether the card is an advertisement, by its class, its label or its link.

    All real pages from 2020 to 2026 have the class; their labels and links agree with it.
    """
    if "AdHolder" in (nodes.card.attrs.get("class") or ""):
        return True
    if nodes.first(SPONSORED_LABEL) or _ADVERTISEMENT_LINK.search(_product_link(nodes)):
        return True
    headings = nodes.all("h2")
    return any(_ADVERTISEMENT_PREFIX.match(_label(heading)) for heading in headings)


def _product_link(nodes: CardNodes) -> str:
    """Where the link of the image leads, or of the title if there is no image."""
    for node in (*nodes.all("s-image")[:1], *nodes.all("h2")):
        address = link_around(node, nodes.card)
        if address is not None:
            return address
    heading = nodes.first("h2")
    link = heading.css_first("a") if heading is not None else None
    return (link.attrs.get("href") or "") if link is not None else ""


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


def delivery_words(nodes: CardNodes) -> str | None:
    """The words of the delivery part, which may hold style and script elements too."""
    part = nodes.first("delivery-recipe")
    words = spaced_text_of(part)
    if part is None or words is None:
        return None
    return _without(words, part.css("style, script, noscript")) or None


def delivery(nodes: CardNodes, words: str | None) -> str | None:
    """The delivery promise as displayed, without what the same part says about stock."""
    part = nodes.first("delivery-recipe")
    if part is None or words is None or read_stock(words) is None:
        return words
    rows = [node for node in part.css("span, div") if first_element(node) is None]
    rest = _without(words, [row for row in rows if read_stock(row.text()) is not None])
    return without_stock(rest or words) or None


def _without(words: str, nodes: list[LexborNode]) -> str:
    """A text without the texts of some nodes in it."""
    for node in nodes:
        words = words.replace(spaced_text_of(node) or "", " ", 1)
    return clean(words)


def is_prime(nodes: CardNodes, promise: str | None) -> bool | None:
    """Whether Prime is shown: an icon until 2025, since then a word in the delivery promise."""
    shown = nodes.first("a-icon-prime") is not None
    return True if shown or (promise and _PRIME.search(promise)) else None


def in_stock(nodes: CardNodes, promise: str | None) -> bool | None:
    """Whether the card says that the product is in stock now, such as "Only 7 left in stock".

    The text is in the delivery promise or in a row of its own.
    """
    known = read_stock(promise) if promise else None
    if known is not None:
        return known
    labelled = map(_label, nodes.all(LABELLED_ROW))
    if speaks_of_stock(nodes.card.text()) or any(map(speaks_of_stock, labelled)):
        return next((stock for stock in _stock_rows(nodes) if stock is not None), None)
    return None


def _stock_rows(nodes: CardNodes) -> Iterator[bool | None]:
    heading = title(nodes)
    for row in nodes.card.css(_STOCK_ROWS):
        words = text_of(row) or _label(row)
        if words != heading and len(words) <= _LONGEST_STOCK_ROW:
            stock = read_stock(words)
            if stock is not None and not is_inside(row, OTHER_OFFER, nodes.card):
                yield stock


def badges(nodes: CardNodes) -> list[str] | None:
    """Labels such as "Best Seller", each once, without the clock of a running deal.

    Best sellers have the class ``rio-badge-label`` since 2025-09 (SITE.md 9).
    """
    marked = (*nodes.all("a-badge-label"), *nodes.all("rio-badge-label"))
    shown = [spaced_text_of(node) for node in marked]
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
    classes = ((above.attrs.get("class") or "").split() for above in around(node, block))
    return any({"a-row", "a-size-base"} <= set(names) for names in classes)


def is_variant(nodes: CardNodes) -> bool | None:
    """Whether the card offers other colours or sizes."""
    return True if any(nodes.all(mark) for mark in _CHOOSERS) else None


def _label(node: LexborNode) -> str:
    return clean(node.attrs.get("aria-label"))
