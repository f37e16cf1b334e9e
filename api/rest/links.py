"""The base URL of links in answers."""

from urllib.parse import quote

from flask import request

from api.services import services


def base_url() -> str:
    """The base URL for a request's links, without a slash at its end."""
    public = services().settings.public_url
    return (public or _base_asked()).rstrip("/")


def _base_asked() -> str:
    # Werkzeug's own url_root takes a URL apart and puts it together again, with more than this.
    return f"{request.scheme}://{request.host}{quote(request.root_path)}"
