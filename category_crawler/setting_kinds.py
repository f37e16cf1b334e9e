"""Checks settings by their kind, Scrapy's own too, before anything starts.

A setting's kind is that of its default value. A name that is not known is left alone, because
add-ons have settings of their own, unless it resembles a known one.
"""

import logging
from collections.abc import Mapping
from math import isfinite
from typing import Any

from scrapy.settings import BaseSettings, default_settings
from scrapy.utils.misc import load_object

from category_crawler.errors import InvalidSetting
from category_crawler.misspelling import nearest

_MEASURES = frozenset({"DOWNLOAD_DELAY", "DOWNLOAD_TIMEOUT", "DNS_TIMEOUT"})
"""Scrapy reads these as numbers with a fraction, although their defaults are whole."""
_SWITCHES = frozenset({"TELNETCONSOLE_ENABLED"})
"""Scrapy reads these as true or false, although their defaults are numbers."""
_MAY_BE_NEGATIVE = frozenset(
    {"DEPTH_PRIORITY", "RETRY_PRIORITY_ADJUST", "REDIRECT_PRIORITY_ADJUST"}
)
_COMPONENTS = frozenset(
    {"ADDONS", "DOWNLOADER_MIDDLEWARES", "EXTENSIONS", "ITEM_PIPELINES", "SPIDER_MIDDLEWARES"}
)
_OTHER = frozenset({"TELNETCONSOLE_PORT"})
"""Kinds of their own, which are not checked."""
_AT_LEAST_ONE = frozenset(
    {"CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "CONCURRENT_ITEMS"}
)
"""With 0, Scrapy waits for ever."""
_LEVELS = tuple(logging.getLevelNamesMapping())


def check_settings(given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise InvalidSetting, with a sentence, for the first wrong name or value.

    ``given`` are the operator's settings, ``own`` this project's defaults. Values may be text, as
    after ``-s``.
    """
    known = {name: value for name, value in own.items() if name.isupper()} | _scrapys()
    for name, value in given.items():
        if name in known:
            _check_value(name, value, known[name])
        elif meant := nearest(name, known):
            raise InvalidSetting(f"there is no setting {name}: did you mean {meant}?")
        elif not name.isupper():
            raise InvalidSetting(
                f"there is no setting {name}: Scrapy's settings are written in capitals, and the "
                "API's stand below [api]"
            )


def _scrapys() -> dict[str, Any]:
    return {name: value for name, value in vars(default_settings).items() if name.isupper()}


def _check_value(name: str, value: Any, default: Any) -> None:
    expected = _expected(name, value, default)
    if expected:
        raise InvalidSetting(f"the setting {name} must be {expected}, not {_shown(name, value)}")


def _expected(name: str, value: Any, default: Any) -> str:
    """What the value must be, as the end of a sentence; empty if it is so."""
    if name in _OTHER:
        return ""
    if isinstance(default, bool) or name in _SWITCHES:
        return "" if _is_switch(name, value) else "true or false"
    if isinstance(default, int | float):
        return _expected_number(name, value, default)
    if isinstance(default, str):
        return _expected_text(name, value, default)
    if isinstance(default, list):
        return _expected_list(value, default)
    if isinstance(default, dict):
        return _expected_table(name, value)
    return ""


def _expected_number(name: str, value: Any, default: float) -> str:
    is_whole = isinstance(default, int) and name not in _MEASURES
    words = "a whole number" if is_whole else "a number"
    number = _number(value)
    if number is None or (is_whole and not number.is_integer()):
        return words
    if name in _AT_LEAST_ONE and number < 1:
        return f"{words} of at least 1"
    if number < 0 and name not in _MAY_BE_NEGATIVE:
        return f"{words} not below 0"
    return ""


def _expected_text(name: str, value: Any, default: str) -> str:
    if not isinstance(value, str):
        return "a text"
    if not value.isprintable():
        return "a text in one line"
    if name.endswith("LOG_LEVEL"):
        return "" if value in _LEVELS else f"one of {', '.join(_LEVELS)}"
    return "" if value == default or not _is_object(default) or _is_object(value) else "a class"


def _expected_list(value: Any, default: list[Any]) -> str:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        return "a list"
    are_numbers = bool(default) and all(isinstance(item, int) for item in default)
    if are_numbers and not all(_is_whole(item) for item in items):
        return "a list of whole numbers"
    return ""


def _expected_table(name: str, value: Any) -> str:
    if not _is_readable(BaseSettings.getdict, name, value):
        return "a table"
    if name in _COMPONENTS and not all(map(_is_object, BaseSettings({name: value}).getdict(name))):
        return "a table whose keys are classes"
    return ""


def _number(value: Any) -> float | None:
    """The number that a value is, or that a text holds; None if it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _is_whole(value: Any) -> bool:
    number = _number(value)
    return number is not None and number.is_integer()


def _is_switch(name: str, value: Any) -> bool:
    return not isinstance(value, float) and _is_readable(BaseSettings.getbool, name, value)


def _is_readable(read: Any, name: str, value: Any) -> bool:
    """Whether Scrapy's own reader takes the value."""
    try:
        read(BaseSettings({name: value}), name)
    except (ValueError, TypeError):
        return False
    return True


def _is_object(path: str) -> bool:
    """Whether a text is the path of a class that can be imported."""
    if "." not in path:
        return False
    try:
        load_object(path)
    except (ImportError, NameError, ValueError, AttributeError):
        return False
    return True


def _shown(name: str, value: Any) -> str:
    is_secret = any(word in name for word in ("PASS", "SECRET", "KEY", "TOKEN"))
    return "what was given" if is_secret else repr(value)[:80]
