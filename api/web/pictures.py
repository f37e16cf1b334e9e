"""Where product pictures come from."""

from urllib.parse import urlsplit

from api.services import services


def picture_host() -> str:
    """Scheme and host of product pictures; empty where none are shown."""
    return services().settings.picture_host.rstrip("/")


def picture(url: str | None) -> str | None:
    """Where a page loads a product's picture from; None where it shows none.

    The shop names a path on its own host; the setting may name another that has the same paths.
    """
    host = picture_host()
    return host + urlsplit(url).path if url and host else None
