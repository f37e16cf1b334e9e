"""What an HTTP answer says outside its page: headers, and where a redirect leads."""

from urllib.parse import urljoin, urlsplit

from scrapy.http import Response

_LISTING_PATHS = ("/s", "/s/", "/robots.txt")


def headers_of(response: Response) -> dict[str, str]:
    """An answer's headers by their names in lower case; of a repeated one, the last."""
    return {
        key.decode("latin-1").lower(): values[-1].decode("latin-1")
        for key, values in response.headers.items()
        if values
    }


def redirect_target(response: Response) -> str | None:
    """The absolute URL that a redirect leads to, or None for any other answer."""
    location = response.headers.get("Location")
    if not 300 <= response.status < 400 or location is None:
        return None
    return urljoin(response.url, location.decode("latin-1"))


def stays_in_listings(source: str, target: str) -> bool:
    """Whether a redirect stays on the same host, and on listings there."""
    asked, led_to = urlsplit(source), urlsplit(target)
    same_host = (asked.scheme, asked.netloc) == (led_to.scheme, led_to.netloc)
    return same_host and led_to.path in _LISTING_PATHS
