"""Reads the result bar above a listing, in every shop's language: "1-24 of over 4,000 results"."""

import re
from dataclasses import dataclass

from category_crawler.pages.text import clean, plain_digits, whole_number

_GROUPED = r"\d{1,3}(?:[.,'’ ]\d{2,3})*[.,'’ ]\d{3}(?!\d)|\d+"
_RANGE = re.compile(rf"({_GROUPED})\s*[-–—‑−~〜～]\s*({_GROUPED})")
_NUMBER = re.compile(_GROUPED)
_QUOTED = re.compile(r"[\"“„«「『].*[\"”“»」』]")
_ROUNDED = re.compile(
    r"\bover\b|more than|\büber\b|mehr als|plus de|più di|oltre|más de|mais de|meer dan|\böver\b"
    r"|\bmer än|\bfler än|ponad|powyżej|więcej niż|üzeri|fazla|以上|أكثر|से अधिक",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\bone result|\bein Ergebnis|\bun résultat|\bun solo risultato|\bun risultato"
    r"|\bun resultado|\bum resultado|\bun único resultado|\béén resultaat|\bett resultat"
    r"|\bjeden wynik|\bbir sonuç|نتيجة واحدة",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ResultBar:
    """Which organic results a page shows, and how many there are."""

    first: int | None
    last: int | None
    total: int | None
    total_is_rounded: bool

    @property
    def is_inverted(self) -> bool:
        """Whether the range is inverted, on a page past the end: "321-306 of over 30,000"."""
        return self.first is not None and self.last is not None and self.first > self.last


NO_BAR = ResultBar(None, None, None, False)


def read_result_bar(text: str | None) -> ResultBar:
    """Read the bar's text; the query in quotation marks is ignored, because it may hold numbers."""
    plain = _QUOTED.sub(" ", plain_digits(clean(text)))
    span = _RANGE.search(plain)
    if span is None:
        return _on_one_page(plain)
    first, last = (whole_number(group) for group in span.groups())
    rest = plain[span.end() :] if _NUMBER.search(plain, span.end()) else plain[: span.start()]
    total = _NUMBER.search(rest)
    return ResultBar(
        first,
        last,
        whole_number(total.group()) if total else None,
        bool(total and _ROUNDED.search(plain)),
    )


def _on_one_page(plain: str) -> ResultBar:
    number = _NUMBER.search(plain)
    if number is not None:
        total = whole_number(number.group())
    elif _ONE.search(plain):
        total = 1
    else:
        return NO_BAR
    return ResultBar(1 if total else None, total or None, total, bool(_ROUNDED.search(plain)))
