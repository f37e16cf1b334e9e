"""The operator's ``settings.toml``: Scrapy's settings at its top level, the API's in ``[api]``."""

import tomllib
from typing import Any, NamedTuple

from category_crawler.errors import InvalidSetting
from category_crawler.files.home import settings_file
from category_crawler.misspelling import nearest

_API = "api"


class SettingsFile(NamedTuple):
    """What the file sets; both are empty without a file."""

    scrapy: dict[str, Any]
    """The top level, without the table of the API."""
    api: dict[str, Any]


def read_settings_file() -> SettingsFile:
    """Read the file once. Raises InvalidSetting with a sentence."""
    given = _read()
    for name, value in given.items():
        if name != _API and isinstance(value, dict) and nearest(name, [_API]):
            raise InvalidSetting(f"there is no table [{name}] in {settings_file()}: write [{_API}]")
    table = given.pop(_API, {})
    if not isinstance(table, dict):
        raise InvalidSetting(f"{_API} in {settings_file()} must be a table: write [{_API}]")
    return SettingsFile(given, table)


def _read() -> dict[str, Any]:
    try:
        return tomllib.loads(settings_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"{settings_file()} cannot be read: {error}") from None
