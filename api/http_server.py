"""The HTTP server that the API runs under: Waitress, on this machine only."""

import logging
from typing import Any

from flask import Flask
from waitress import create_server

_THREADS = 8
"""More wait for the interpreter's lock and not for anything outside."""
_QUIET_SECONDS = 120
"""After which a client's connection is closed."""


def http_server(app: Flask, port: int, trusted_proxy: str = "") -> Any:
    """A server to be run, which listens already. Raises OSError where the port is not free."""
    # It warns of every request that has to wait for a thread, at the worst moment for it.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return create_server(
        app,
        host="127.0.0.1",
        port=port,
        threads=_THREADS,
        ident=None,
        channel_timeout=_QUIET_SECONDS,
        **_trust(trusted_proxy),
    )


def _trust(proxy: str) -> dict[str, Any]:
    """Waitress's arguments for a proxy; without one it takes no word on clients from a header."""
    if not proxy:
        return {}
    return {
        "trusted_proxy": proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }
