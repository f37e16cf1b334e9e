"""Facts about an HTTP response: headers, redirect target, block page, damage."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit
from weakref import WeakKeyDictionary

from scrapy.http import Response

from category_crawler.pages import Kind
from category_crawler.pages.block import read_block
from category_crawler.pages.damage import is_garbled, is_html, read_damage

UNDECODED = "undecoded"
"""Flag of a response whose body is not compressed as its headers say."""

GARBLED = "garbled"
"""Flag of a page that holds bytes which are not in its charset, also when it is asked for again."""

_LISTING_PATHS = ("/s", "/s/", "/robots.txt")
# Looking for the marks of a block page in a page of a megabyte takes long.
_facts: WeakKeyDictionary[Response, "ResponseFacts"] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """What several middlewares and the spider need to know of one response."""

    headers: Mapping[str, str]
    """Names in lower case; the last value of a repeated header."""
    block: Kind | None
    """The kind of block or error page, redirects to the sign-in included; None for other pages."""


def facts_of(response: Response) -> ResponseFacts:
    """The facts of a response, read once."""
    known = _facts.get(response)
    if known is None:
        headers = _headers(response)
        known = _facts[response] = ResponseFacts(headers, _block(response, headers))
    return known


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


def damage_of(response: Response) -> str | None:
    """What is wrong with the bytes of a page with status 200, in words; None if nothing is."""
    if response.status != 200:
        return None
    headers = facts_of(response).headers
    if UNDECODED in response.flags:
        return f"a body that is not {headers.get('content-encoding')} as its headers say"
    return read_damage(response.body, headers) if is_html(response.body, headers) else None


def is_garbled_again(response: Response, tries: int) -> bool:
    """Whether a page was asked for again and is whole but for some bytes in another charset."""
    if not tries or UNDECODED in response.flags:
        return False
    return is_garbled(response.body, facts_of(response).headers)


def _headers(response: Response) -> dict[str, str]:
    return {
        key.decode("latin-1").lower(): values[-1].decode("latin-1")
        for key, values in response.headers.items()
        if values
    }


def _block(response: Response, headers: Mapping[str, str]) -> Kind | None:
    target = redirect_target(response)
    if target is not None and urlsplit(target).path.startswith("/ap/"):
        return Kind.SIGN_IN
    return read_block(response.body, response.status, headers)
