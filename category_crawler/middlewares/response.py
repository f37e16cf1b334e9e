"""Facts about an HTTP response: headers, redirect target, block page, damage."""

from urllib.parse import urljoin, urlsplit

from scrapy.http import Response

from category_crawler.pages import Kind
from category_crawler.pages.block import read_block
from category_crawler.pages.damage import is_html, read_damage

UNDECODED = "undecoded"
"""Flag of a response whose body is not compressed as its headers say."""

_LISTING_PATHS = ("/s", "/s/", "/robots.txt")


def headers_of(response: Response) -> dict[str, str]:
    """A response's headers with names in lower case; the last value of a repeated header."""
    return {
        key.decode("latin-1").lower(): values[-1].decode("latin-1")
        for key, values in response.headers.items()
        if values
    }


def redirect_target(response: Response) -> str | None:
    """The absolute URL that a redirect leads to; None for any other response."""
    location = response.headers.get("Location")
    if not 300 <= response.status < 400 or location is None:
        return None
    return urljoin(response.url, location.decode("latin-1"))


def stays_in_listings(source: str, target: str) -> bool:
    """Whether a redirect leads to a listing, or robots.txt, on the same host."""
    asked, led_to = urlsplit(source), urlsplit(target)
    same_host = (asked.scheme, asked.netloc) == (led_to.scheme, led_to.netloc)
    return same_host and led_to.path in _LISTING_PATHS


def block_of(response: Response) -> Kind | None:
    """The kind of block or error page, redirects to the sign-in included; None for other pages."""
    target = redirect_target(response)
    if target is not None and urlsplit(target).path.startswith("/ap/"):
        return Kind.SIGN_IN
    return read_block(response.body, response.status, headers_of(response))


def damage_of(response: Response) -> str | None:
    """What is wrong with the bytes of a page with status 200, in words; None if nothing is."""
    headers = headers_of(response)
    if response.status != 200:
        return None
    if UNDECODED in response.flags:
        return f"a body that is not {headers.get('content-encoding')} as its headers say"
    return read_damage(response.body, headers) if is_html(response.body, headers) else None
