"""The operator's pace: seconds between two requests of this machine to a shop.

It is read from the project's settings, without what ``-s`` says for one run.
"""

import random
from typing import Any
from urllib.parse import urlsplit

from category_crawler import settings as project


def seconds_between(host: str = "") -> float:
    """Seconds between two requests to a shop, on average; without a host, to most of them."""
    slot: dict[str, Any] = _operators("DOWNLOAD_SLOTS", {}).get(urlsplit(f"//{host}").hostname, {})
    return max(0.0, float(slot.get("delay", project.DOWNLOAD_DELAY)))


def next_gap(host: str) -> float:
    """Seconds until the turn after the next, random as Scrapy's own delay is; 0 for no pace."""
    jitter = float(_operators("DOWNLOAD_DELAY_JITTER", 0.5))
    return max(0.0, seconds_between(host) * (1 + random.uniform(-jitter, jitter)))  # noqa: S311


def _operators(name: str, default: Any) -> Any:
    return getattr(project, name, default)
