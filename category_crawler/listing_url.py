"""Listing URLs: parse any form, change the filters, print the canonical form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Self
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, urlsplit

from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import InvalidListingURL

Term = tuple[str, str]
"""One refinement, code and value: ``("p_36", "-50000")``. A ``|`` in the value means OR."""

Bounds = tuple[int | None, int | None]
"""Lowest and highest price in cents, both inclusive; None means no bound."""

NODE_CODE = "n"
PRICE_CODE = "p_36"
MAX_LENGTH = 2048

_TRACKING = frozenset(
    {"qid", "ref", "ref_", "rnid", "ds", "xpid", "crid", "sprefix", "fs", "page"}
    | {"ie", "_encoding", "language", "th", "psc"}
)
_TRACKING_PREFIXES = ("pf_rd_", "pd_rd_", "content-id")
_READ_INTO_TERMS = frozenset({"rh", "node", "low-price", "high-price"})
# The site ignores a name before the path ("/Books/s"); "/-/" starts a language path instead.
_NAME = r"(?:/(?!(?:-|\.{1,2})/)[^/]+)?"
_BROWSE_PATH = re.compile(_NAME + r"/b(?:/(?:ref=.*)?)?|/gp/browse\.html(?:/ref=.*)?")
_LISTING_PATH = re.compile(_NAME + r"/s(?:/(?:ref=.*)?)?")
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*:.+", re.DOTALL)
_DIGITS = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListingURL:
    """A listing: a marketplace, refinements, and the other parameters that decide the results.

    ``str(listing)`` is the canonical URL, which identifies the listing and page.
    """

    domain: str
    terms: tuple[Term, ...]
    """Refinements in URL order, nodes included."""
    parameters: tuple[Term, ...] = ()
    """Other query parameters that decide the results (``i k bbn s dc`` …), in URL order."""
    page: int = 1

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse ``/s?rh=…`` or a ``/b?node=`` landing page, percent-encoded or not.

        Drops tracking parameters and ``page``. ``low-price`` and ``high-price`` (whole units)
        become the price refinement. Raises InvalidListingURL with one sentence.
        """
        parts = _split(url)
        query = _read_query(parts.query)
        values = dict(query)
        listing = cls(
            domain=marketplace_of(parts).domain,
            terms=_terms(parts.path, values, url),
            parameters=tuple((key, value) for key, value in query if _decides_results(key)),
        )
        low, high = values.get("low-price"), values.get("high-price")
        if low or high:
            listing = listing.with_price(_cents(low, "low-price"), _cents(high, "high-price"))
        return listing

    @property
    def marketplace(self) -> Marketplace:
        return DOMAINS[self.domain]

    @property
    def node(self) -> str | None:
        """The requested node: the last ``n:`` term, ASCII digits."""
        return next((value for code, value in reversed(self.terms) if code == NODE_CODE), None)

    @property
    def price(self) -> Bounds:
        """Bounds of the price refinement in cents; None means no bound."""
        for code, value in self.terms:
            if code == PRICE_CODE and (bounds := re.fullmatch(r"(\d*)-(\d*)", value, re.ASCII)):
                low, high = bounds.groups()
                return (int(low) if low else None, int(high) if high else None)
        return (None, None)

    @property
    def refinements(self) -> tuple[Term, ...]:
        """The terms except nodes and price."""
        return tuple(term for term in self.terms if term[0] not in (NODE_CODE, PRICE_CODE))

    def differs_in_price_only(self, other: "ListingURL") -> bool:
        """Whether the two listings are equal except for their price bounds."""
        return self.without_refinement(PRICE_CODE) == other.without_refinement(PRICE_CODE)

    def with_refinement(self, code: str, value: str) -> Self:
        """The listing with this term, which replaces any other of the same code."""
        return replace(self, terms=(*self.without_refinement(code).terms, (code, value)), page=1)

    def without_refinement(self, code: str) -> Self:
        """The listing without any term of this code."""
        return replace(self, terms=tuple(term for term in self.terms if term[0] != code), page=1)

    def with_price(self, low_cents: int | None, high_cents: int | None) -> Self:
        """The listing between two prices in cents; None means no bound."""
        low, high = ("" if bound is None else str(bound) for bound in (low_cents, high_cents))
        return self.with_refinement(PRICE_CODE, f"{low}-{high}")

    def with_sort(self, order: str) -> Self:
        """The listing in another sort order, such as ``price-asc-rank``."""
        kept = tuple(parameter for parameter in self.parameters if parameter[0] != "s")
        return replace(self, parameters=(*kept, ("s", order)), page=1)

    @property
    def sort(self) -> str | None:
        """The requested sort order; None means the site's default."""
        return dict(self.parameters).get("s")

    def with_page(self, page: int) -> Self:
        """The page of the listing with this 1-based number."""
        return replace(self, page=page)

    def __str__(self) -> str:
        rh = ",".join(f"{code}:{value}" for code, value in self.terms)
        pairs = [("rh", rh), *sorted(self.parameters)]
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        query = "&".join(f"{quote_plus(key)}={quote(value, safe='')}" for key, value in pairs)
        return f"https://{self.marketplace.host}/s?{query}"


def within(cents: int, bounds: Bounds) -> bool:
    """Whether a price lies in a range."""
    low, high = bounds
    return (low is None or cents >= low) and (high is None or cents <= high)


def marketplace_of(parts: SplitResult) -> Marketplace:
    """The marketplace of a URL's host.

    Raises InvalidListingURL for a scheme other than https, a port, a user name or password, or an
    unknown host.
    """
    # The text before an @ may be a password, so no message repeats it.
    user, _, host = parts.netloc.lower().rpartition("@")
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
    if re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise InvalidListingURL("the URL holds white space, a control character or a backslash")
    try:
        return urlsplit(url)
    except ValueError:
        raise InvalidListingURL(f"the URL cannot be read: {url[:100]!r}") from None


def _read_query(text: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(text, keep_blank_values=True)
    # The site itself writes a bare "dc"; other empty parameters have no effect.
    query = [(key, value) for key, value in pairs if value or key == "dc"]
    keys = [key for key, _ in query]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise InvalidListingURL(f"the URL gives {twice[:50]!r} more than once")
    return query


def _terms(path: str, values: dict[str, str], url: str) -> tuple[Term, ...]:
    if _BROWSE_PATH.fullmatch(path):
        terms = (*_read_rh(values.get("rh", "")), *_node_terms(values))
    elif _LISTING_PATH.fullmatch(path):
        terms = _read_rh(values.get("rh", "")) or _node_terms(values)
    else:
        raise InvalidListingURL(
            f"the path {path[:100]!r} is not a listing's: copy the address of a category page, "
            "such as https://www.amazon.com.au/s?rh=n%3A4851693051"
        )
    if not any(code == NODE_CODE for code, _ in terms):
        raise InvalidListingURL(f"the URL names no category node (rh=n:<digits>): {url[:200]!r}")
    return terms


def _node_terms(values: dict[str, str]) -> tuple[Term, ...]:
    node = values.get("node")
    return _read_rh(f"{NODE_CODE}:{node}") if node else ()


def _read_rh(rh: str) -> tuple[Term, ...]:
    terms = tuple(_read_term(text) for text in _join_commas(rh.split(",")) if text)
    return tuple(dict.fromkeys(terms))


def _join_commas(pieces: Iterable[str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and piece and not _TERM.fullmatch(piece):
            joined[-1] += f",{piece}"
        else:
            joined.append(piece)
    return joined


def _read_term(text: str) -> Term:
    if not _TERM.fullmatch(text):
        raise InvalidListingURL(f"the refinement {text[:100]!r} is not of the form code:value")
    code, value = text.split(":", 1)
    if code == NODE_CODE and not _DIGITS.fullmatch(value):
        raise InvalidListingURL(f"the node {value[:100]!r} must be digits only")
    if code == PRICE_CODE:
        _check_price(value)
    return code, value


def _check_price(value: str) -> None:
    bounds = re.fullmatch(r"(\d{0,12})-(\d{0,12})", value, re.ASCII)
    if bounds is None or value == "-":
        raise InvalidListingURL(f"the price refinement {value[:100]!r} must be MIN-MAX in cents")
    low, high = bounds.groups()
    if low and high and int(low) > int(high):
        raise InvalidListingURL(f"the price refinement {value!r} has its minimum above its maximum")


def _decides_results(key: str) -> bool:
    return not (key in _TRACKING or key in _READ_INTO_TERMS or key.startswith(_TRACKING_PREFIXES))


def _cents(amount: str | None, field: str) -> int | None:
    if not amount:
        return None
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and 0 <= value < 10**10):
        raise InvalidListingURL(f"{field} must be a price such as 25 or 24.99, not {amount[:50]!r}")
    return int(value * 100)
