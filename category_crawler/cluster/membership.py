"""Which cluster this machine belongs to, and under which names."""

import os
import re
import socket
from math import isfinite
from urllib.parse import urlsplit

from category_crawler.errors import InvalidSetting

QUEUE = "CATEGORY_CRAWLER_QUEUE"
CLAIM = "CATEGORY_CRAWLER_CLAIM"
"""Environment variable of a spider: the claim under which its node runs it."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SHORTEST_LEASE = 1.0


def queue_url() -> str:
    """The engine's address; empty on a machine that works alone. Raises InvalidSetting."""
    url = os.environ.get(QUEUE, "")
    if url and not _is_address(url):
        # What was given may hold a password.
        raise InvalidSetting(
            f"{QUEUE} must be redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], the same with "
            "rediss://, or unix:///PATH"
        )
    return url


def node_name() -> str:
    """This machine's name in the cluster. Raises InvalidSetting."""
    return _name("CATEGORY_CRAWLER_NODE", os.environ.get("CATEGORY_CRAWLER_NODE", "")) or (
        re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "node"
    )


def exit_name() -> str:
    """The name of the address that requests without a proxy come from. Raises InvalidSetting."""
    return _name("CATEGORY_CRAWLER_EXIT", os.environ.get("CATEGORY_CRAWLER_EXIT", "")) or "direct"


def lease() -> float:
    """Seconds for which a node that is not heard of keeps its claims. Raises InvalidSetting."""
    text = os.environ.get("CATEGORY_CRAWLER_LEASE", "5")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not (isfinite(seconds) and seconds >= _SHORTEST_LEASE):
        raise InvalidSetting(
            f"CATEGORY_CRAWLER_LEASE is {text!r}: it must be a number of seconds, at least "
            f"{_SHORTEST_LEASE:.0f}"
        )
    return seconds


def check_membership() -> None:
    """Raise InvalidSetting for the first wrong value."""
    queue_url(), node_name(), exit_name(), lease()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.query or parts.fragment:
        return False
    if parts.scheme == "unix":
        return not parts.netloc and len(parts.path) > 1
    is_database = re.fullmatch(r"/?|/\d+", parts.path, re.ASCII) is not None
    return (
        parts.scheme in ("redis", "rediss") and bool(parts.hostname) and port != 0 and is_database
    )


def _name(variable: str, name: str) -> str:
    if name and not _NAME.fullmatch(name):
        raise InvalidSetting(
            f"{variable} is {name!r}: it must be 1 to 64 letters, digits, dots, - and _"
        )
    return name
