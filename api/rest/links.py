"""The base URL of links in answers."""

import socket
from functools import lru_cache
from urllib.parse import quote, urlsplit

from flask import request

from api.config import api_url, is_loopback
from api.services import services


def base_url() -> str:
    """The base URL for a request's links, without a slash at its end."""
    public = services().settings.public_url
    return (public or _base_asked()).rstrip("/")


def _base_asked() -> str:
    if not _is_this_machine(request.host):
        # A client may send any Host; a link to a place of its choice must not get into an answer.
        return api_url()
    # Werkzeug's own url_root takes a URL apart and puts it together again, with more than this.
    return f"{request.scheme}://{request.host}{quote(request.root_path)}"


@lru_cache(maxsize=1024)  # called for every request, mostly with the same few hosts
def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name == socket.gethostname().lower()
