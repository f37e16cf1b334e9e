"""Values in words: prices as the marketplace writes them, the rest as the browser asks for.

Each function is a Jinja filter of the same name.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit
from flask import Flask, request
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from api.store.retention import Retention
from api.web.pictures import picture
from api.web.vocabulary import plain
from category_crawler.domain_config import DOMAINS
from category_crawler.times import in_words
from category_crawler.typed_command import typed

NONE = "–"
"""What stands where there is no value."""


def money(cents: int | None, domain: str) -> str:
    """A price in cents, in the marketplace's currency and spelling."""
    shop = DOMAINS.get(domain)
    if cents is None:
        return NONE
    if shop is None:
        return f"{cents / 100:,.2f}"
    return format_currency(cents / 100, shop.currency, locale=_locale_named(shop.language))


def amount(cents: int) -> str:
    """A price in cents as people type it, without a currency: ``12.50``."""
    return f"{cents // 100}.{cents % 100:02}"


def currency(domain: str) -> str | None:
    """The code of a marketplace's currency."""
    shop = DOMAINS.get(domain)
    return shop.currency if shop else None


def form_name(ending: str) -> str:
    """The name of a form of file."""
    return _FORMS.get(ending, ending)


def reader() -> Locale:
    """The first language that the browser asks for and Babel knows; English if there is none."""
    return _locale_of(request.headers.get("Accept-Language", ""))


def number(value: float | None) -> str:
    """A number in the reader's spelling."""
    return NONE if value is None else _number(value, reader())


@lru_cache(maxsize=4096)  # a page that is asked for again and again shows mostly the same ones
def _number(value: float, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 product``, ``2,000 products``; ``noun`` is the word for one."""
    return f"{format_decimal(number, locale=reader())} {plural(noun, number)}"


def plural(noun: str, number: int) -> str:
    """The word for so many of something; ``noun`` is the one for one."""
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun != "day" else f"{noun}s"


def percent(share: float | None, digits: int = 0) -> str:
    """A share of one as a percentage."""
    if share is None:
        return NONE
    pattern = "#,##0" + (f".{'0' * digits}" if digits else "") + "%"
    return format_percent(share, format=pattern, locale=reader())


def moment(utc: str | None) -> str | Markup:
    """A time of the API, which the browser shows in its own zone; in UTC without a script."""
    if utc is None:
        return NONE
    return _moment(utc, reader())


@lru_cache(maxsize=4096)  # as above
def _moment(utc: str, locale: Locale) -> Markup:
    text = format_datetime(datetime.fromisoformat(utc), "medium", locale=locale)
    return Markup('<time datetime="{}">{} UTC</time>').format(utc, text)


def day(utc: str | None) -> str:
    """The day of a time of the API, in UTC."""
    if utc is None:
        return NONE
    return format_date(datetime.fromisoformat(utc), "medium", locale=reader())


def signed(value: float) -> str:
    """A number with its sign: ``+5``, ``−12.5``."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value))}"


def duration(seconds: float | None) -> str:
    """Seconds in words: ``3 min``."""
    return NONE if seconds is None else in_words(seconds)


def size(number: int) -> str:
    """Bytes in words: ``12.3 GB``."""
    unit, factor = next(one for one in _SIZES if number >= one[1] or one[1] == 1)
    return format_unit(number / factor, f"digital-{unit}", "short", "#,##0.#", locale=reader())


def zone(domain: str) -> str:
    """The time zone of a marketplace; UTC of one that is not known."""
    shop = DOMAINS.get(domain)
    return shop.timezone if shop else "UTC"


def stage_name(stage: str) -> str:
    """How a run stands."""
    return {"queued": "waiting", "scraping": "running"}.get(stage, str(stage))


def part_state(state: str) -> str:
    """What is known of a part of a category."""
    return {"capped": "cut off", "unknown": "not known"}.get(state, state)


def often(every: str) -> str:
    """How often something is repeated."""
    return _OFTEN[every]


def kept(rule: Retention) -> str:
    """How long the results of a run are kept."""
    words = [f"for {counted(rule.days, 'day')} after its end"] if rule.days else []
    if rule.runs:
        newest = f"one of the newest {counted(rule.runs, 'run')}"
        words.append(f"while it is {newest if rule.runs > 1 else 'the newest'}")
    return ", ".join(words)


def sentence(text: str) -> str:
    """A text as a sentence: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


_OFTEN = {
    "hourly": "every hour",
    "daily": "every day",
    "weekly": "every Monday",
    "monthly": "on the first of each month",
    "cron": "as a cron line says",
}
_SIZES = (("terabyte", 10**12), ("gigabyte", 10**9), ("megabyte", 10**6), ("byte", 1))
_FORMS = {
    "csv": "CSV",
    "xlsx": "Excel",
    "parquet": "Parquet",
    "json": "JSON",
    "jsonl": "JSON lines",
}
_FILTERS: tuple[Callable[..., Any], ...] = (
    *(money, amount, currency, number, signed, percent, moment, day, duration, size, zone, picture),
    *(form_name, sentence, counted, plural, plain, stage_name, part_state, often, kept),
)


def init_app(app: Flask) -> None:
    """Give templates the filters, and the words for commands."""
    for one in _FILTERS:
        app.add_template_filter(one)
    app.add_template_global(typed)


@lru_cache(maxsize=1024)  # browsers send the same again and again
def _locale_of(header: str) -> Locale:
    languages = parse_accept_header(header, LanguageAccept)
    known = (_known(tag) for tag in languages.values())
    return next((one for one in known if one is not None), Locale("en"))


def _known(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


def _locale_named(name: str) -> Locale:
    return Locale.parse(name)
