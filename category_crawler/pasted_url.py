"""An address as people paste it: its marketplace, path and query, cleaned of what changes nothing.

Browsers, mails, advertisements and link shorteners add to an address or encode it once more. What
has one meaning only is read as that; what has two is refused with a sentence that says what to do.
"""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import InvalidListingURL

MAX_LENGTH = 2048

_TRACKING = frozenset(
    # The site's own.
    {"qid", "ref", "ref_", "refrid", "rnid", "_rnid", "ds", "xpid", "crid", "sprefix", "fs", "page"}
    | {"ie", "_encoding", "language", "th", "psc", "dib", "dib_tag", "sr", "dchild", "rdc"}
    | {"ingress", "visitid", "cv_ct_cx", "store_ref", "plattr", "social_share", "mcid", "hydadcr"}
    # Partners' and advertisers'.
    | {"tag", "linkcode", "linkid", "camp", "creative", "creativeasin", "ascsubtag", "adid"}
    | {"adgrpid", "smid", "s_kwcid", "ext_vrnc", "fbclid", "srsltid", "gclid", "gclsrc", "dclid"}
    | {"gbraid", "wbraid", "msclkid", "ttclid", "twclid", "yclid", "igshid", "igsh", "irclickid"}
    | {"mc_cid", "mc_eid", "_ga", "_gl", "epik", "si"}
)
"""Parameters without effect on the results, in lower case. Source: SITE.md 1 and addresses of 2026.
"""
_TRACKING_PREFIXES = ("pf_rd_", "pd_rd_", "content-id", "utm_", "asc_", "hv", "gad_")
_SHORT_HOSTS = frozenset({"amzn.to", "a.co", "amzn.eu", "amzn.asia", "amzn.com"})
_TWO_ADDRESSES = re.compile(r"[\s,;|]+https?://", re.IGNORECASE)
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")
_LANGUAGE = re.compile(r"/-/[a-z]{2}(?:[_-][A-Za-z]{2})?(?=/)")


@dataclass(frozen=True, slots=True)
class PastedURL:
    """What an address asks for."""

    marketplace: Marketplace
    path: str
    """Without a language prefix such as ``/-/en``."""
    query: tuple[tuple[str, str], ...]
    """Decoded parameters that are not tracking, in order, each key once."""
    notes: tuple[str, ...] = ()
    """What was changed and may surprise the user, a sentence each."""
    dropped: tuple[str, ...] = field(default=(), compare=False)
    """Names of the parameters that were left out because they change nothing."""

    @classmethod
    def read(cls, url: str) -> Self:
        """Read an address. Raises InvalidListingURL with one sentence."""
        parts = _split(url)
        marketplace = marketplace_of(parts)
        path = (
            _LANGUAGE.sub("", parts.path, count=1) if parts.path.startswith("/-/") else parts.path
        )
        notes = () if path == parts.path else (_language_note(parts.path, path),)
        query = tuple(_query(parts.query))
        kept = {key for key, _ in query}
        written = dict(parse_qsl(parts.query, keep_blank_values=True))
        dropped = tuple(key for key in written if key not in kept and _tracks(key))
        return cls(marketplace, path, query, notes, dropped)


def marketplace_of(parts: SplitResult) -> Marketplace:
    """The marketplace of a URL's host.

    Raises InvalidListingURL for a scheme other than https, a port, a user name or password, or an
    unknown host.
    """
    # The text before an @ may be a password, so no message repeats it.
    user, _, host = parts.netloc.lower().rpartition("@")
    if host.removeprefix("www.") in _SHORT_HOSTS:
        raise InvalidListingURL(
            f"the URL's host {host} makes short links: open the link in a browser, and copy the "
            "address that it leads to"
        )
    if parts.scheme != "https":
        start = parts._replace(netloc=host).geturl()
        raise InvalidListingURL(
            f"the URL must begin with https://www.<domain>/, not {start[:100]!r}"
        )
    shop = DOMAINS.get(host.removeprefix("www."))
    if user:
        raise InvalidListingURL("the URL must not hold a user name or password before its host")
    if shop is None:
        raise InvalidListingURL(
            f"the URL's host {host[:100]!r} is not a marketplace's own: it must be one of "
            f"{', '.join(DOMAINS)}, alone or behind www., without a port"
        )
    return shop


def _split(url: str) -> SplitResult:
    if len(url) > MAX_LENGTH:
        raise InvalidListingURL(f"the URL has {len(url)} characters; {MAX_LENGTH} are allowed")
    if _TWO_ADDRESSES.search(url):
        raise InvalidListingURL("the URL is several addresses: give one for each crawl")
    if _UNSAFE.search(url):
        raise InvalidListingURL("the URL holds white space, a control character or a backslash")
    try:
        # Copied from the source of a page, an address has its & as HTML writes it.
        return urlsplit(url.replace("&amp;", "&").replace("&#38;", "&"))
    except ValueError:
        raise InvalidListingURL(f"the URL cannot be read: {url[:100]!r}") from None


def _query(text: str) -> list[tuple[str, str]]:
    pairs = _pairs(text)
    if any(key == "rh" and ":" not in value and "%3a" in value.lower() for key, value in pairs):
        # Some link makers encode a whole query once more: rh=n%253A1.
        pairs = _pairs(unquote(text))
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        if len({value for key, value in pairs if key == twice}) > 1:
            raise InvalidListingURL(f"the URL gives {twice[:50]!r} more than once")
        pairs = list(dict.fromkeys(pairs))
    return pairs


def _pairs(text: str) -> list[tuple[str, str]]:
    """Parameters that are not tracking; the site writes a bare ``dc``, others need a value."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return [(key, value) for key, value in pairs if (value or key == "dc") and not _tracks(key)]


def _tracks(key: str) -> bool:
    lower = key.lower()
    return lower in _TRACKING or lower.startswith(_TRACKING_PREFIXES)


def _language_note(path: str, kept: str) -> str:
    prefix = path.removesuffix(kept)
    return (
        f"the language prefix {prefix} was taken off category_url: the list is read in the site's "
        "own language"
    )
