"""Reads cookie files in three formats: storage state, JSON list, ``cookies.txt``."""

import json
import time
from collections.abc import Iterator
from typing import Any

from category_crawler.errors import SessionUnreadable

Cookie = dict[str, Any]
"""A cookie as in Playwright's storage state; ``expires`` is in seconds since 1970, -1 for none."""
_EXPIRES_KEYS = ("expires", "expirationDate", "expiry")


def read_cookies(text: str) -> Iterator[Cookie]:
    """Every cookie of a file in any of the formats. Raises SessionUnreadable."""
    if not text.lstrip().startswith(("{", "[")):
        yield from _read_netscape(text)
        return
    try:
        data = json.loads(text)
    except ValueError:
        raise SessionUnreadable("the cookie file begins like JSON but is not valid") from None
    listed = data.get("cookies") if isinstance(data, dict) else data
    for cookie in listed if isinstance(listed, list) else ():
        if isinstance(cookie, dict):
            yield _normal(cookie)


def _read_netscape(text: str) -> Iterator[Cookie]:
    for line in text.splitlines():
        columns = line.removeprefix("#HttpOnly_").split("\t")
        if len(columns) == 7 and not columns[0].startswith("#"):
            domain, _, path, secure, expires, name, value = columns
            yield _normal(
                {
                    "name": name,
                    "value": value,
                    "domain": domain,
                    "path": path,
                    "expires": expires,
                    "secure": secure == "TRUE",
                    "httpOnly": line.startswith("#HttpOnly_"),
                }
            )


def _normal(cookie: dict[str, Any]) -> Cookie:
    return {
        "name": str(cookie.get("name") or ""),
        "value": str(cookie.get("value") or ""),
        "domain": str(cookie.get("domain") or ""),
        "path": str(cookie.get("path") or "/"),
        "expires": _expires(cookie),
        "httpOnly": bool(cookie.get("httpOnly")),
        "secure": bool(cookie.get("secure", True)),
        "sameSite": "Lax",
    }


def _expires(cookie: dict[str, Any]) -> float:
    value = next((cookie[key] for key in _EXPIRES_KEYS if cookie.get(key)), -1)
    try:
        return float(value) or -1.0
    except (TypeError, ValueError):
        return -1.0


def is_usable(cookie: Cookie, domain: str) -> bool:
    """Whether a cookie is for the domain and has not expired."""
    host = cookie["domain"].lstrip(".").removeprefix("www.")
    current = cookie["expires"] <= 0 or cookie["expires"] > time.time()
    return bool(cookie["name"]) and host in ("", domain) and current


def about_of(text: str) -> dict[str, Any]:
    """How the session was made, which only our own files say; empty for other files."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    about = data.get("category_crawler") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        return {}
    return {name: value for name, value in about.items() if isinstance(value, str | bool)}
