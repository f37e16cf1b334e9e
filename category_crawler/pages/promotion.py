"""Reads the discounts of a card: its coupon, its subscription discount and its promotion."""

import re

from selectolax.lexbor import LexborNode

from category_crawler.pages.card_nodes import CardNodes
from category_crawler.pages.text import clean, spaced_text_of

_SUBSCRIBE = re.compile(
    r"subscri|abonn|abbon|suscri|assina|prenumer|subskry|abone|spar-abo|定期|اشتر", re.IGNORECASE
)
_SAVE = (
    r"save|spare|sparen sie|économisez|ahorra|risparmia|economize|poupe|bespaar|spara|oszczędź"
    r"|zaoszczędź"
)
_PROMOTION = re.compile(
    # "Save 5% on 2 select items", "Save $10.00 when you buy $50.00 of select items"
    rf"\b(?:{_SAVE})\s+.{{1,15}}?\s(?:on|any|when you buy|beim kauf|bei|auf|pour|sur|en"
    rf"|al comprar|su|quando|em|ao comprar|op|bij|på|na|przy)\s.{{0,30}}?\d"
    # "Buy any 2, Save 5%", "Buy 2 get 1 free"
    r"|\b(?:buy|kaufe|achetez|compra|acquista|compre|koop|köp|kup)\s[^.]{0,15}?\d+[^.]{1,15}?"
    r"(?:save|get|spare|économisez|ahorra|risparmia|economize|bespaar|spara|%)"
    # "3 for 2", "3 for the price of 2", "2点で5%OFF"
    r"|\b\d+ (?:for|für|pour|per|por|voor|för) (?:the price of |el precio de |le prix de )?\d\b"
    # "Promoção disponível de R$ 40,00 off", "15% off promotion available"
    r"|promo(?:ção|ción|zione) dispon\w+\s.{0,10}?\d[\d.,]*"
    r"|\d\s?% (?:off )?promo\w+ (?:avail|dispon)"
    r"|\d+点(?:以上)?(?:の購入)?で.{0,6}%",
    re.IGNORECASE,
)
_WORDS = (
    *("save", "spar", "économis", "ahorra", "risparm", "econom", "poupe", "zędź", "buy", "kauf"),
    *("achet", "compr", "acquist", "koop", "köp", "kup ", "promo", "点"),
    *(" for ", " für ", " pour ", " per ", " por ", " voor ", " för "),
)
"""Every text that matches the pattern above contains one of these; most texts contain none."""
_LONGEST = 120
"""Characters; longer texts are titles, or hold more than the promotion."""


def coupon(nodes: CardNodes) -> str | None:
    """The coupon as displayed: "Save 5% with voucher"."""
    return _first(nodes, for_subscribers=False)


def subscribe_discount(nodes: CardNodes) -> str | None:
    """The subscription discount, in the same element as a coupon: "Extra 10% off when you …"."""
    return _first(nodes, for_subscribers=True)


def _first(nodes: CardNodes, *, for_subscribers: bool) -> str | None:
    for node in nodes.all("s-coupon-unclipped"):
        text = spaced_text_of(node)
        if text and bool(_SUBSCRIBE.search(text)) is for_subscribers:
            return text
    return None


def promotion(nodes: CardNodes, price_words: str) -> str | None:
    """The discount for several items, as displayed; ``price_words`` is the price part's text.

    It is a row below the price. Pages before 2023 have no price part.
    """
    part = nodes.first("price-recipe")
    if part is None:
        part, price_words = nodes.card, clean(nodes.card.text(separator=" "))
    lower = price_words.lower()
    if not (any(map(lower.__contains__, _WORDS)) and _PROMOTION.search(price_words)):
        return None
    return min(filter(None, map(_promotion_in, part.css("div, span"))), key=len, default=None)


def _promotion_in(node: LexborNode) -> str | None:
    text = spaced_text_of(node)
    return text if text and len(text) <= _LONGEST and _PROMOTION.search(text) else None
