"""Reads stock information, in every shop's language: "Only 7 left in stock", "残り1点"."""

import re

from category_crawler.pages.text import clean

_IN_STOCK = re.compile(
    r"left in stock|auf Lager|en stock\b|in stock\b|em estoque|disponibilità: solo|op voorraad"
    r"|i lager\b|w magazynie|stokta|残り\d+点|在庫あり|المخزون",
    re.IGNORECASE,
)
_NOT_IN_STOCK = re.compile(
    r"currently unavailable|out of stock|nicht verfügbar|indisponible|non disponibile"
    r"|no disponible|indisponível|não disponível|niet (?:op voorraad|verkrijgbaar|beschikbaar)"
    r"|inte tillgänglig|niedostępn|stokta yok|mevcut değil|在庫切れ|غير متوفر"
    # Stock of the future or of the past is none.
    r"|(?<!left )in stock (?:soon|on|from|by|again|until)\b"
    r"|\b(?:back|again|soon|was|were|not|(?:will|to) be|expected|no longer) in stock"
    r"|\b(?:wieder|bald|demnächst|nicht|war) (?:wieder )?auf Lager|auf Lager ab\b"
    r"|\b(?:de nouveau|bientôt|sera|était|plus|de nuevo|pronto|estará|estaba|no) en stock"
    r"|en stock (?:le \d|à partir|bientôt|prochainement|el \d|a partir|pronto|próximamente)"
    r"|\b(?:breve|novamente|voltará a estar|estará|estava|não) em estoque"
    r"|em estoque (?:em|a partir)"
    r"|\b(?:binnenkort|weer|was|binnenkort weer) op voorraad|op voorraad (?:vanaf|op \d)"
    r"|\b(?:snart|åter|inte|var) i lager|\b(?:wkrótce|ponownie|nie ma|było?) w magazynie"
    r"|\b(?:yakında|tekrar) stokta|入荷予定|再入荷|まもなく入荷",
    re.IGNORECASE,
)
_WORDS = (
    *("stock", "lager", "unavailable", "verfügbar", "estoque", "disponi", "disponí", "voorraad"),
    *("verkrijgbaar", "beschikbaar", "tillgänglig", "magazynie", "niedostępn", "stokta"),
    *("mevcut değil", "残り", "在庫", "入荷", "المخزون", "غير متوفر"),
)
"""Every text that matches a pattern above contains one of these words; most texts contain none."""
_PLAIN_WORDS = tuple(word for word in _WORDS if word.isascii())
_ONLY = (
    r"Only|Just|Nur noch|Plus que|Il ne reste plus que|Il n'en reste plus que|Sólo|Solo|Quedan?"
    r"|Apenas|Restam?|Só|Nog|Slechts|Endast|Bara|Został[oay]?|Pozostał[oay]?|Tylko|Sadece|Son"
)
_SENTENCE = re.compile(
    rf"(?:\b(?:{_ONLY})\b[^.!。]{{0,25}}?|\(?\d+\)?\s+(?:\w+\s+)?)?"
    rf"(?:{_NOT_IN_STOCK.pattern}|{_IN_STOCK.pattern})[^.!。]*[.!。]?",
    re.IGNORECASE,
)
"""Words about stock, from "Only 2" to the end of the sentence."""


def read_stock(words: str) -> bool | None:
    """Whether a text says that a product is in stock now; None if it does not say."""
    if not speaks_of_stock(words):
        return None
    if _NOT_IN_STOCK.search(words):
        return False
    return True if _IN_STOCK.search(words) else None


def speaks_of_stock(words: str) -> bool:
    """Whether a text may be about stock: a fast check before the slower patterns."""
    lower = words.lower()
    known = _PLAIN_WORDS if lower.isascii() else _WORDS
    return any(map(lower.__contains__, known))


def without_stock(words: str) -> str:
    """A text without what it says about stock."""
    return clean(_SENTENCE.sub(" ", words)) if read_stock(words) is not None else words
