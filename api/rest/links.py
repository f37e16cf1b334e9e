"""Where clients find things: what the links in answers begin with."""

from urllib.parse import quote

from flask import request

from api.services import services


def base_url() -> str:
    """What a request's links begin with, without a slash at its end."""
    public = services().settings.public_url
    return (public or _base_asked()).rstrip("/")


def _base_asked() -> str:
    # Werkzeug's own url_root takes a URL apart and puts it together again, with more than this.
    return f"{request.scheme}://{request.host}{quote(request.root_path)}"
