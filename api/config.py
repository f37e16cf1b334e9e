"""The API's settings: environment first, then the ``[api]`` table of ``settings.toml``."""

import os
import tomllib
from dataclasses import dataclass, fields
from typing import Any, Self

from category_crawler.console import port_named
from category_crawler.home import settings_file

_PREFIX = "CATEGORY_CRAWLER_"
_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Each is read from ``CATEGORY_CRAWLER_<NAME>``, else from ``<name>`` in the table."""

    always_http_200: bool = False
    """Answer enveloped calls with HTTP 200 whatever happened, for clients that expect it."""
    public_url: str = ""
    """What links begin with; the request's own base where it is empty."""
    cancel_grace: float = 20.0
    """Seconds between a cancel's INT and the KILL."""
    lost_after: float = 5.0
    """Seconds for which Scrapyd must not know a job before it counts as lost."""
    watch_interval: float = 2.0
    """Seconds between two looks of the watcher."""
    credit_reserve: int = 20_000
    """Credits frozen for a run without ``max_products``, as far as its user has them."""
    new_user_credits: int = 0
    """Granted to a new user; the first of an installation is without limit."""
    token_lifetime: float = 7 * 86_400
    """Seconds from a login until its token expires."""

    @classmethod
    def load(cls) -> Self:
        """Raises ValueError naming a setting that cannot be read."""
        table = _table()
        given: dict[str, Any] = {}
        for field in fields(cls):
            text = os.environ.get(_PREFIX + field.name.upper())
            value = table.get(field.name) if text is None else text
            if value is not None:
                given[field.name] = _read(field.name, value, type(field.default))
        return cls(**given)


def api_port() -> int:
    """``API_PORT``, else 8000. Raises ValueError with a sentence where it is none."""
    return port_named("API_PORT", 8000)


def _table() -> dict[str, Any]:
    if not settings_file().exists():
        return {}
    table = tomllib.loads(settings_file().read_text(encoding="utf-8")).get("api", {})
    return table if isinstance(table, dict) else {}


def _read(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        return value if isinstance(value, bool) else str(value).lower() in _TRUE
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"the setting {name} must be a {kind.__name__}, not {value!r}") from None
