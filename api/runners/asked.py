"""What a run was asked for, in one typed value for answers, mails and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ConfigDict

from api.store.records import Runner
from category_crawler.domain_config import DOMAINS, Filter
from category_crawler.errors import InvalidListingURL
from category_crawler.filter_names import filter_name
from category_crawler.listing_url import Bounds, ListingURL, Term
from category_crawler.run.records import Progress

_DAYS = {"tomorrow": "delivery tomorrow", "within_2_days": "delivery within 2 days"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of add_schedule that decide which products a run finds, and the node's name."""

    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True)

    category_url: str
    """As the client gave it."""
    domain: str
    """Such as amazon.com.au."""
    amazon_node_id: str
    """Digits."""
    node_name: str | None
    """The category's name, as the shop's rail shows it; null until a page has shown it."""
    postcode: str
    """In capitals, without spaces."""
    filter_prime_ships_from_au: bool
    filter_delivery_day: str | None
    """``tomorrow``, ``within_2_days``, or null."""
    price_min_cents: int | None
    """Lowest price, of the field or else of category_url; null without one."""
    price_max_cents: int | None
    """Highest price, of the field or else of category_url; null without one."""
    search: str | None
    """The search words of category_url; null without any."""
    refinements: tuple[str, ...]
    """Other filters that category_url names, as in its ``rh``: ``p_123:110955``."""
    include_sponsored: bool
    max_products: int | None
    whole: bool

    @property
    def filters(self) -> list[str]:
        """The filters and limits in words, for people; empty without any."""
        return [*self._filters()]

    def _filters(self) -> Iterator[str]:
        if self.filter_prime_ships_from_au:
            yield f"Prime, ships from Australia{self._unsupported(Filter.PRIME_SHIPS_FROM_AU)}"
        if day := self.filter_delivery_day:
            yield f"{_DAYS.get(day, day)}{self._unsupported(Filter.DELIVERY_DAY)}"
        if price := self._price():
            yield price
        if self.search:
            yield f'search "{self.search}"'
        yield from (filter_name(*one.split(":", 1)) for one in self.refinements)
        if self.include_sponsored:
            yield "products seen only as advertisements too"
        if self.max_products is not None:
            yield f"at most {self.max_products:,} products"
        if not self.whole:
            yield "one listing, not divided"

    def _unsupported(self, wanted: Filter) -> str:
        shop = DOMAINS.get(self.domain)
        return "" if shop and wanted in shop.filters else " (not applied)"

    def _price(self) -> str:
        """The bounds in the marketplace's currency; empty without any."""
        shop = DOMAINS.get(self.domain)
        bounds = (("from", self.price_min_cents), ("to", self.price_max_cents))
        words = [f"{word} {cents / 100:,.2f}" for word, cents in bounds if cents is not None]
        return " ".join(["price", *words, shop.currency if shop else ""]).strip() if words else ""


def asked_of(runner: Runner, progress: Progress | None = None) -> Asked:
    """What a runner was asked for; the ``progress`` of one that goes on may know the node's name.

    A URL that an older version stored, and that is no longer valid, is told without its filters.
    """
    fields = runner.collection.request.fields
    domain = fields.get("domain", "")
    of_url = _read(fields.get("category_url", ""))
    is_prime = fields.get("filter_prime_ships_from_au", False)
    day = fields.get("filter_delivery_day")
    return Asked(
        category_url=fields.get("category_url", ""),
        domain=domain,
        amazon_node_id=fields.get("amazon_node_id", ""),
        node_name=runner.node_name or (progress.node_name if progress else None),
        postcode=_postcode(domain, fields.get("postcode", "")),
        filter_prime_ships_from_au=is_prime,
        filter_delivery_day=day,
        price_min_cents=fields.get("price_min_cents", of_url.bounds[0]),
        price_max_cents=fields.get("price_max_cents", of_url.bounds[1]),
        search=of_url.search,
        refinements=tuple(":".join(term) for term in of_url.refinements),
        include_sponsored=fields.get("include_sponsored", False),
        max_products=fields.get("max_products"),
        whole=fields.get("whole", True),
    )


@dataclass(frozen=True, slots=True)
class _OfURL:
    """The filters that a URL itself names."""

    bounds: Bounds = (None, None)
    search: str | None = None
    refinements: tuple[Term, ...] = ()


@lru_cache(maxsize=4096)  # a list shows many runs, and parsing a URL takes some tenths of a ms
def _read(url: str) -> _OfURL:
    try:
        listing = ListingURL.parse(url)
    except InvalidListingURL:
        return _OfURL()
    return _OfURL(listing.price, dict(listing.parameters).get("k"), listing.refinements)


def _postcode(domain: str, written: str) -> str:
    shop = DOMAINS.get(domain)
    return (shop.postcode(written) if shop else None) or written
