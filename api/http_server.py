"""The HTTP server that the API runs under: Waitress, on this machine only."""

from typing import Any

from flask import Flask
from waitress import create_server

_THREADS = 16
_QUIET_SECONDS = 120
"""After which a client's connection is closed."""


def http_server(app: Flask, port: int, trusted_proxy: str = "") -> Any:
    """A server to be run, which listens already. Raises OSError where the port is not free."""
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
