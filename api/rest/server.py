"""The HTTP server that the API runs under: Waitress, on a private address only."""

import logging
import resource
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments

from api.config import Settings, api_address
from api.rest.connections import LARGEST_HEADERS, Server
from api.rest.envelope import LARGEST_BODY

_THREADS = 8
"""More threads would only wait for the interpreter lock."""
_IDLE_SECONDS = 120
"""Idle timeout of a connection, also while its client does not read the answer."""
_CLEANUP_INTERVAL_SECONDS = 1
_MOST_CONNECTIONS = 1000
"""The main loop checks every connection in each round: 1 ms for this many."""
_OTHER_FILES = 256
"""File descriptors for everything else: databases, logs, pipes."""
_CHUNKED = 8
"""Most bytes received for a chunked body, as a multiple of its size."""


def http_server(app: Flask, port: int, settings: Settings | None = None) -> Server:
    """A server that listens and is ready to run. Raises OSError if the address cannot be used."""
    # It warns of every request that has to wait for a thread, at the worst moment for it.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    given = settings or Settings()
    adjustments = Adjustments(
        host=api_address(),
        port=port,
        threads=_THREADS,
        ident=None,
        channel_timeout=_IDLE_SECONDS,
        cleanup_interval=_CLEANUP_INTERVAL_SECONDS,
        connection_limit=_connection_limit(),
        # select() takes no descriptor above 1023.
        asyncore_use_poll=True,
        max_request_header_size=LARGEST_HEADERS,
        max_request_body_size=LARGEST_BODY * _CHUNKED,
        inbuf_overflow=LARGEST_BODY * _CHUNKED,
        # A client that goes away is no trouble of the service.
        log_socket_errors=False,
        **_trust(given.trusted_proxy),
    )
    return Server(app, adjustments, always_http_200=given.always_http_200)


def _connection_limit() -> int:
    """How many connections there may be; each may have a file open that it is sent."""
    allowed = 2 * _MOST_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    if resource.RLIM_INFINITY != soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(16, (allowed - _OTHER_FILES) // 2)


def _trust(proxy: str) -> dict[str, Any]:
    """Waitress's proxy arguments; without a proxy, forwarding headers are ignored."""
    if not proxy:
        return {}
    return {
        "trusted_proxy": proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }
