"""Where clients find things: what the links in answers begin with."""

from flask import current_app, request


def base_url() -> str:
    """What a request's links begin with, without a slash at its end."""
    public: str = current_app.config["SETTINGS"].public_url
    return public.rstrip("/") or f"{request.scheme}://{request.host}{request.root_path}".rstrip("/")
