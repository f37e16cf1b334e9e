"""Reads stock information, in every shop's language: "Only 7 left in stock", "残り1点"."""

import re

_IN_STOCK = re.compile(
    r"left in stock|auf Lager|en stock\b|in stock\b|em estoque|disponibilità: solo|op voorraad"
    r"|kvar i lager|w magazynie|stokta|残り\d+点|المخزون",
    re.IGNORECASE,
)
_OUT_OF_STOCK = re.compile(
    r"currently unavailable|out of stock|nicht verfügbar|indisponible|non disponibile"
    r"|no disponible|indisponível|não disponível|niet (?:op voorraad|verkrijgbaar|beschikbaar)"
    r"|inte tillgänglig|niedostępn|stokta yok|mevcut değil|在庫切れ|غير متوفر",
    re.IGNORECASE,
)
_WORDS = (
    *("in stock", "en stock", "of stock", "unavailable", "lager", "verfügbar", "em estoque"),
    *("indisponi", "indisponí", "non disponi", "no disponi", "não disponí", "disponibilità: solo"),
    *("op voorraad", "niet verkrijgbaar", "niet beschikbaar", "inte tillgänglig", "w magazynie"),
    *("niedostępn", "stokta", "mevcut değil", "残り", "在庫切れ", "المخزون", "غير متوفر"),
)
"""Every text that matches a pattern above contains one of these words; most texts contain none."""
_PLAIN_WORDS = tuple(word for word in _WORDS if word.isascii())


def read_stock(words: str) -> bool | None:
    """Whether a text says that a product is in stock; None if it does not say."""
    if not speaks_of_stock(words):
        return None
    if _OUT_OF_STOCK.search(words):
        return False
    return True if _IN_STOCK.search(words) else None


def speaks_of_stock(words: str) -> bool:
    """Whether a text may be about stock: a fast check before the slower patterns."""
    lower = words.lower()
    known = _PLAIN_WORDS if lower.isascii() else _WORDS
    return any(map(lower.__contains__, known))
