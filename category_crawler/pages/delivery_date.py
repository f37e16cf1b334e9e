"""The day of a delivery promise, read from its words."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from category_crawler.domain_config import Marketplace

_MONTH_FIRST = ("en_US", "en_CA")
"""The shops that write "Aug 16"; the others write "16 Aug" (real pages, 2023-2026)."""
_RELATIVE = {
    "en": (("today", "overnight"), ("tomorrow",)),
    "es": (("hoy",), ("mañana",)),
    "pt": (("hoje",), ("amanhã",)),
    "de": (("heute",), ("morgen",)),
    "fr": (("aujourd'hui", "aujourd’hui"), ("demain",)),
    "it": (("oggi",), ("domani",)),
    "nl": (("vandaag",), ("morgen",)),
    "sv": (("idag", "i dag"), ("imorgon", "i morgon")),
    "pl": (("dziś", "dzisiaj"), ("jutro",)),
    "tr": (("bugün",), ("yarın",)),
    "ar": (("اليوم",), ("غدًا", "غدا")),
    "ja": (("今日", "本日"), ("明日",)),
}
"""Words for today and tomorrow, by language."""
_OTHER_DATES = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}/\w+/\d{4}")
"""Days of a release, which name their year (amazon.co.jp, amazon.com.br, 2026)."""
_NON_MEMBERS = "non-members get"
"""What comes before is promised to members alone (amazon.com, 2026)."""
_DAY_THEN_MONTH = (
    r"(?<!\d)(?P<day>\d{{1,2}})(?P<last>)\.?\s*(?:de\s+)?(?P<month>{month})(?!\w)"
    r"(?!\.?\s*[-–]\s*\d)"
)
_MONTH_THEN_DAY = (
    r"(?<!\w)(?P<month>{month})\.?\s+(?P<day>\d{{1,2}})(?:\s*[-–]\s*(?P<last>\d{{1,2}}))?(?!\w)"
    r"(?!\s*[-–]\s*[^\W\d])"
)
_JAPANESE = re.compile(
    r"(\d{1,2})月(\d{1,2})日(?:\s*[-–~〜]\s*(\d{1,2})日)?(?!\s*[-–~〜]\s*\d{1,2}月)"
)
"""Of a span, each form finds the last day alone."""
_FIRST_JAPANESE = 0x3000
"""Characters from here on are written without spaces between words."""
_LATE = timedelta(days=30)
"""A day that seems to be longer ago than this is one of the next year."""


def promised_by(words: str, shop: Marketplace, seen: datetime) -> date | None:
    """The day by which a product is there at the latest, by its fastest promise to everybody.

    Of a span ("4 - 5 Jun") it is the last day. ``seen`` is when the page was read, with its zone;
    the page says "Tomorrow" in the shop's own time. None if the words name no day.
    """
    day = seen.astimezone(ZoneInfo(shop.timezone)).date()
    text = _OTHER_DATES.sub("", words.casefold()).rpartition(_NON_MEMBERS)[2]
    named, relative = _named(text, shop.language, day), _relative(text, shop.language, day)
    return min((*named, *relative), default=None)


def _named(text: str, language: str, seen: date) -> Iterator[date]:
    """The days that are named with their months."""
    if language.startswith("ja"):
        for month, first, last in _JAPANESE.findall(text):
            yield from _in_year(int(month), int(last or first), seen)
        return
    months, pattern = _months(language)
    for found in pattern.finditer(text):
        yield from _in_year(months[found["month"]], int(found["last"] or found["day"]), seen)


def _relative(text: str, language: str, seen: date) -> Iterator[date]:
    today, tomorrow = _RELATIVE[language[:2]]
    for days, names in ((0, today), (1, tomorrow)):
        if any(_has(text, name) for name in names):
            yield seen + timedelta(days=days)


def _has(text: str, word: str) -> bool:
    """Whether a word is in a text, and no date follows that says the same."""
    if ord(word[0]) > _FIRST_JAPANESE:
        return bool(re.search(rf"{word}(?!\s*\d+月)", text))
    return bool(re.search(rf"(?<!\w){word}(?![\w,])", text))


def _in_year(month: int, day: int, seen: date) -> Iterator[date]:
    """The day in the year that fits; none if there is no such day."""
    for year in (seen.year, seen.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= seen - _LATE:
            yield found
            return


@lru_cache(maxsize=64)
def _months(language: str) -> tuple[dict[str, int], re.Pattern[str]]:
    """The numbers of the months by their names and short names, and what finds a day."""
    months: dict[str, int] = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, language).items():
                months.setdefault(name.casefold().rstrip("."), number)
    for name, number in [*months.items()]:
        # The shops shorten more than CLDR does: "Sep" for "Sept".
        if all(other == number for key, other in months.items() if key.startswith(name[:3])):
            months.setdefault(name[:3], number)
    month = "|".join(map(re.escape, sorted(months, key=len, reverse=True)))
    form = _MONTH_THEN_DAY if language in _MONTH_FIRST else _DAY_THEN_MONTH
    return months, re.compile(form.format(month=month))
