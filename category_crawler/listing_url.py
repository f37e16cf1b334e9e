"""Listing URLs: parse any form, change the filters, print the canonical form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Self
from urllib.parse import quote, quote_plus

from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import InvalidListingURL
from category_crawler.pasted_url import PastedURL

Term = tuple[str, str]
"""One refinement, code and value: ``("p_36", "-50000")``. A ``|`` in the value means OR."""

Bounds = tuple[int | None, int | None]
"""Lowest and highest price in cents, both inclusive; None means no bound."""

NODE_CODE = "n"
PRICE_CODE = "p_36"

_READ_INTO_TERMS = frozenset({"rh", "node", "low-price", "high-price"})
_MOVED_TO_PARAMETERS = ("k", "i")
"""What older addresses have among the terms: ``rh=n:1,k:lamp``."""
# The site ignores a name before the path ("/Books/s").
_NAME = r"(?:/(?!(?:-|\.{1,2})/)[^/]+)?"
_BROWSE_PATH = re.compile(
    _NAME + r"/b(?:/(?P<node>\d+))?(?:/(?:ref=.*)?)?|/gp/browse\.html(?:/ref=.*)?", re.ASCII
)
_LISTING_PATH = re.compile(_NAME + r"/s(?:/browse)?(?:/(?:ref=.*)?)?|/gp/search(?:/.*)?")
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*:.+", re.DOTALL)
_DIGITS = re.compile(r"\d+", re.ASCII)
_AMOUNT = re.compile(
    # Three digits behind a mark are thousands, as in prices; India groups by two above them.
    r"(?P<whole>\d{1,10}|\d{1,3}(?:,\d{3}){1,2}|\d{1,3}(?:\.\d{3}){1,2}|\d{1,2}(?:,\d{2}){1,2},\d{3})"
    r"(?:[.,](?P<part>\d{1,2}))?",
    re.ASCII,
)


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
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What :meth:`parse` changed and may surprise the user, a sentence each."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse ``/s?rh=…`` or a ``/b?node=`` landing page, in any form that people paste.

        Drops tracking parameters and ``page``. ``low-price`` and ``high-price`` (whole units)
        become the price refinement. Raises InvalidListingURL with one sentence.
        """
        pasted = PastedURL.read(url)
        terms, parameters = _terms_and_parameters(pasted, url)
        return cls(pasted.marketplace.domain, terms, parameters, notes=pasted.notes)

    @property
    def marketplace(self) -> Marketplace:
        return DOMAINS[self.domain]

    @property
    def node(self) -> str | None:
        """The requested node: the last ``n:`` term, ASCII digits."""
        return next((value for code, value in reversed(self.terms) if code == NODE_CODE), None)

    @property
    def nodes(self) -> list[str]:
        """The requested node last, and those above it that the URL names."""
        return [value for code, value in self.terms if code == NODE_CODE]

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


def _terms_and_parameters(pasted: PastedURL, url: str) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    values = dict(pasted.query)
    read = _read_rh(values.get("rh", ""))
    _check_last_node(read)
    terms = [
        term for term in read if not _is_ancestor(term) and term[0] not in _MOVED_TO_PARAMETERS
    ]
    terms = _with_node(terms, _node_of_path(pasted.path), values.get("node"))
    if not any(code == NODE_CODE for code, _ in terms):
        raise InvalidListingURL(
            f"the URL names no category node (rh=n:<digits>): choose a department on the page, and "
            f"copy its address, not {url[:200]!r}"
        )
    asked = {key: value for key, value in pasted.query if key not in _READ_INTO_TERMS}
    for code, value in read:
        if code in _MOVED_TO_PARAMETERS and asked.setdefault(code, value) != value:
            raise InvalidListingURL(f"the URL gives {code} twice: {value[:50]!r} is in rh")
    return tuple(_with_price(terms, values)), tuple(asked.items())


def _node_of_path(path: str) -> str | None:
    """The node that a path itself names, as in ``/b/4851693051``."""
    if browse := _BROWSE_PATH.fullmatch(path):
        return browse["node"]
    if not _LISTING_PATH.fullmatch(path):
        raise InvalidListingURL(
            f"the path {path[:100]!r} is not a listing's: copy the address of a category page, "
            "such as https://www.amazon.com.au/s?rh=n%3A4851693051"
        )
    return None


def _is_ancestor(term: Term) -> bool:
    """Whether a node is marked as one above the list's own, as older addresses do."""
    code, value = term
    return code == NODE_CODE and value.startswith("!")


def _check_last_node(terms: tuple[Term, ...]) -> None:
    nodes = [value for code, value in terms if code == NODE_CODE]
    if nodes and nodes[-1].startswith("!"):
        raise InvalidListingURL(
            f"the last node n:{nodes[-1]} of rh only names a department above: open the category "
            "on the site, and copy its address"
        )


def _with_node(terms: list[Term], *given: str | None) -> list[Term]:
    """The terms with the node that stands outside of ``rh``, each node once."""
    for node in filter(None, given):
        nodes = [value for code, value in terms if code == NODE_CODE]
        if not nodes:
            terms = [_read_term(f"{NODE_CODE}:{node}"), *terms]
        elif node not in nodes:
            raise InvalidListingURL(
                f"the URL names two nodes, {node[:50]} and {nodes[-1]}: leave one of them"
            )
    return terms


def _with_price(terms: list[Term], values: dict[str, str]) -> list[Term]:
    """The terms with one price refinement, from ``rh`` and from the slider's two parameters."""
    ranges = [value for code, value in terms if code == PRICE_CODE]
    if len(ranges) > 1:
        raise InvalidListingURL(f"rh has two price ranges, {' and '.join(ranges[:2])}: leave one")
    low, high = (cents_of(values.get(name), name) for name in ("low-price", "high-price"))
    if low is None and high is None:
        return terms
    if low is not None and high is not None and low > high:
        raise InvalidListingURL(
            f"low-price {values['low-price'][:50]} is above high-price {values['high-price'][:50]}"
        )
    if ranges:
        low, high = _agreed(ranges[0], low, high)
    span = f"{'' if low is None else low}-{'' if high is None else high}"
    _check_price(span)
    return [*(term for term in terms if term[0] != PRICE_CODE), (PRICE_CODE, span)]


def _agreed(span: str, low: int | None, high: int | None) -> Bounds:
    """The bounds of a term and of the two parameters, where they say the same."""
    bounds = tuple(int(bound) if bound else None for bound in span.split("-"))
    for own, other, name in zip(bounds, (low, high), ("low-price", "high-price"), strict=True):
        if None not in (own, other) and own != other:
            raise InvalidListingURL(
                f"the price range {span} of rh (in cents) contradicts {name}: leave one of them"
            )
    return (bounds[0] if low is None else low, bounds[1] if high is None else high)


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
    if code == NODE_CODE and not _DIGITS.fullmatch(value.removeprefix("!")):
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


def cents_of(amount: str | None, name: str) -> int | None:
    """An amount in whole units as people write it: ``25``, ``24.99``, ``24,99``, ``5,000``.

    Raises InvalidListingURL with a sentence that begins with ``name``.
    """
    if not amount:
        return None
    number = _AMOUNT.fullmatch(amount)
    if number is None:
        raise InvalidListingURL(f"{name} must be a price such as 25 or 24.99, not {amount[:50]!r}")
    whole = re.sub(r"\D", "", number["whole"])
    return int(Decimal(f"{whole}.{number['part'] or 0}") * 100)
