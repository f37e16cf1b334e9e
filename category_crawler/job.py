"""A crawl's job: its fields, validated before the first request."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from category_crawler.domain_config import (
    DELIVERY_DAY_CODE,
    DOMAINS,
    PRIME_SHIPS_FROM_AU,
    Filter,
    Marketplace,
)
from category_crawler.errors import InvalidJob, InvalidListingURL
from category_crawler.fault import Fault, WrongFields, faults_of, shown
from category_crawler.listing_url import ListingURL
from category_crawler.misspelling import known_names
from category_crawler.pasted_url import MAX_LENGTH

Cents = Annotated[int, Field(ge=0, lt=10**12)]
DeliveryDay = Literal["tomorrow", "within_2_days"]
_OF_URL = "the {}est price of category_url, in cents,"


class CategoryJob(BaseModel):
    """The crawl fields of add_schedule; amounts are hundredths of the marketplace's currency.

    Create one from JSON with ``model_validate_json`` (strict types) or from ``-a`` arguments with
    :meth:`from_arguments`. JSON may hold other fields; they are ignored.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    category_url: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]
    """``https://www.<domain>/s?rh=n%3A<node>…``, or a ``/b?node=`` page; its filters are kept."""
    amazon_node_id: str
    """Digits; the last node of the URL."""
    domain: str
    """Such as amazon.com.au."""
    postcode: str | None = None
    """None means no delivery session, and no check of location and currency."""
    filter_prime_ships_from_au: bool = False
    """Only products that Prime ships from Australia; amazon.com.au only."""
    filter_delivery_day: DeliveryDay | None = None
    """amazon.com.au only."""
    price_min_cents: Cents | None = None
    """Hundredths of the currency, the yen too."""
    price_max_cents: Cents | None = None
    """At least price_min_cents."""
    include_sponsored: bool = False
    """True adds products seen only as advertisements, at the end; false leaves them out."""
    max_products: Annotated[int, Field(ge=1, lt=10**9)] | None = None
    """Stop after this many products."""
    whole: bool = True
    """False crawls only the one listing and does not divide it into slices."""
    _as_given: ListingURL = PrivateAttr()
    """What category_url names, without the filters of other fields."""

    @model_validator(mode="before")
    @classmethod
    def _null_means_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}

    @model_validator(mode="after")
    def _agree(self, info: ValidationInfo) -> Self:
        listing = info.context if isinstance(info.context, ListingURL) else None
        listing = listing or _listing(self.category_url)
        if faults := list(_faults_between(vars(self), listing)):
            raise WrongFields(faults)
        self._as_given = listing
        return self

    @classmethod
    def faults_in(cls, given: Mapping[str, Any], error: ValidationError) -> list[Fault]:
        """Everything that is wrong with these fields, which ``error`` refused: each on its own, and
        as far as those concerned are readable, between them."""
        faults = faults_of(error, given)
        named = {fault.field for fault in faults}
        url = given.get("category_url")
        listing = None
        if isinstance(url, str) and "category_url" not in named:
            try:
                listing = _listing(url)
            except WrongFields as wrong:
                faults += wrong.faults
        return [*faults, *(f for f in _faults_between(given, listing) if f.field not in named)]

    @classmethod
    def from_arguments(cls, arguments: dict[str, str]) -> Self:
        """Read ``-a`` arguments; domain and node default to those of the URL.

        Raises InvalidJob with one sentence that names the argument.
        """
        unknown = sorted(set(arguments) - set(cls.model_fields))
        if unknown:
            raise unknown_argument(unknown[0], cls.model_fields)
        given = {key: value for key, value in arguments.items() if value != ""}
        if "category_url" not in given:
            raise InvalidJob(
                "category_url is missing: give -a category_url=https://www.…/s?rh=n%3A…"
            )
        listing = _listing(given["category_url"])
        given.setdefault("domain", listing.domain)
        given.setdefault("amazon_node_id", listing.node or "")
        try:
            return cls.model_validate_strings(given, strict=False, context=listing)
        except ValidationError as error:
            raise WrongFields(cls.faults_in(given, error)) from None

    @property
    def marketplace(self) -> Marketplace:
        return DOMAINS[self.domain]

    @property
    def price_bounds(self) -> tuple[int | None, int | None]:
        """Lowest and highest price in cents; a field overrides the same bound of the URL."""
        low, high = self._as_given.price
        return (
            low if self.price_min_cents is None else self.price_min_cents,
            high if self.price_max_cents is None else self.price_max_cents,
        )

    @property
    def warnings(self) -> list[str]:
        """What the user should know although the crawl works, a sentence each."""
        unsupported = [
            f"{name} is not supported on {self.domain} and was not applied"
            for name in self.unsupported_filters
        ]
        return [*self._as_given.notes, *unsupported]

    @property
    def unsupported_filters(self) -> list[str]:
        """Names of requested filters that the marketplace does not support and are not applied."""
        asked = {
            Filter.PRIME_SHIPS_FROM_AU: self.filter_prime_ships_from_au,
            Filter.DELIVERY_DAY: self.filter_delivery_day is not None,
        }
        return [
            str(name)
            for name, wanted in asked.items()
            if wanted and name not in self.marketplace.filters
        ]

    @property
    def delivery_day(self) -> DeliveryDay | None:
        """The requested delivery day; None if not requested or not supported.

        The first page's rail tells the filter's value for it.
        """
        supported = Filter.DELIVERY_DAY in self.marketplace.filters
        return self.filter_delivery_day if supported else None

    @property
    def listing(self) -> ListingURL:
        """The listing to crawl, with every filter whose value is known before the first page."""
        listing = self._as_given
        if (
            self.filter_prime_ships_from_au
            and Filter.PRIME_SHIPS_FROM_AU in self.marketplace.filters
        ):
            listing = listing.with_refinement(*PRIME_SHIPS_FROM_AU)
        if self.delivery_day is not None:
            listing = listing.without_refinement(DELIVERY_DAY_CODE)
        if self.price_bounds != (None, None):
            listing = listing.with_price(*self.price_bounds)
        return listing


class FundedJob(CategoryJob):
    """A job with the limit of its user, which the API sets and a client cannot."""

    credit_limit: Annotated[int, Field(ge=1)] | None = None
    """Products that are set aside for the run; None means no limit."""
    limited_by: Literal["credits", "products_a_day"] = "credits"
    """What of the user's limits them."""

    @property
    def limit(self) -> int | None:
        """The most products to keep; None means no limit."""
        return min(filter(None, (self.max_products, self.credit_limit)), default=None)


def unknown_argument(name: str, known: Iterable[str]) -> InvalidJob:
    """The error for an argument that is not one of the known."""
    return InvalidJob(f"unknown argument {name!r}: {known_names(name, known)}")


def _listing(url: str) -> ListingURL:
    try:
        return ListingURL.parse(url)
    except InvalidListingURL as error:
        raise WrongFields([Fault("category_url", f"category_url is wrong: {error}")]) from None


def _faults_between(given: Mapping[str, Any], listing: ListingURL | None) -> Iterator[Fault]:
    domain, node, postcode = (given.get(n) for n in ("domain", "amazon_node_id", "postcode"))
    shop = DOMAINS.get(domain) if isinstance(domain, str) else None
    if isinstance(domain, str) and (why := _wrong_domain(domain, listing)):
        yield Fault("domain", why)
    if isinstance(node, str) and (why := _wrong_node(node, listing)):
        yield Fault("amazon_node_id", why)
    shop = shop or (listing.marketplace if listing else None)
    if shop and isinstance(postcode, str) and (why := wrong_postcode(postcode, shop)):
        yield Fault("postcode", why)
    yield from _crossed_prices(given, listing)


def _crossed_prices(given: Mapping[str, Any], listing: ListingURL | None) -> Iterator[Fault]:
    """Which of the caller's fields give a minimum above the maximum."""
    low, high = given.get("price_min_cents"), given.get("price_max_cents")
    of_url = listing.price if listing else (None, None)
    minimum, maximum = of_url[0] if low is None else low, of_url[1] if high is None else high
    if type(minimum) is type(maximum) is int and minimum > maximum:
        field = "price_max_cents" if low is None else "price_min_cents"
        least = _OF_URL.format("low") if low is None else "price_min_cents"
        most = _OF_URL.format("high") if high is None else "price_max_cents"
        yield Fault(field, f"{least} {minimum} is above {most} {maximum}")


def _wrong_domain(domain: str, listing: ListingURL | None) -> str:
    if domain not in DOMAINS:
        return f"domain is {shown(domain)}: it must be one of {', '.join(DOMAINS)}"
    if listing is not None and domain != listing.domain:
        return (
            f"category_url is for {listing.domain} but domain is {domain}: give the same for both"
        )
    return ""


def _wrong_node(node: str, listing: ListingURL | None) -> str:
    if not re.fullmatch(r"\d+", node, re.ASCII):
        return f"amazon_node_id is {shown(node)}: it must be digits only"
    if listing is not None and node != listing.node:
        return f"amazon_node_id is {node} but the last node of category_url is {listing.node}"
    return ""


def wrong_postcode(postcode: str, shop: Marketplace) -> str:
    """What is wrong with a postcode, in a sentence; empty if nothing is."""
    if not shop.active:
        return f"domain {shop.domain} is inactive: it delivers by city, so no postcode can be set"
    if shop.postcode(postcode) is None:
        return (
            f"postcode is {shown(postcode)}: on {shop.domain} it must match {shop.postcode_regex}"
        )
    return ""
