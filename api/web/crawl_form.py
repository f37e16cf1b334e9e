"""The form of a new crawl: what a person typed, what it asks for, and what is wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from api.alerts.rules import Rule, rules_of
from api.rest.operation import checked
from api.runners.request import AddSchedule
from api.web.problems import sentence_of, wrong_postcode
from api.web.vocabulary import in_words
from api.web.words import sentence
from category_crawler.domain_config import Filter, Marketplace
from category_crawler.errors import InvalidListingURL
from category_crawler.fault import WrongFields
from category_crawler.filter_names import filter_name, order_name
from category_crawler.listing_url import ListingURL, cents_of
from category_crawler.pasted_url import PastedURL

FIELDS = (
    *("category_url", "postcode", "suburb", "filter_prime_ships_from_au", "filter_delivery_day"),
    *("price_min", "price_max", "max_products", "include_sponsored", "name", "priority"),
    *("repeat", "at", "cron", "timezone", "notification_email", "webhook_url"),
    *("alert_price_falls", "alert_percent", "alert_new", "alert_gone", "alert_back_in_stock"),
    *("alert_coverage_not_complete", "alert_run_failed"),
)
_ALERTS = ("new", "gone", "back_in_stock", "coverage_not_complete", "run_failed")
_PLACES = {
    "price_min_cents": "price_min",
    "price_max_cents": "price_max",
    "amazon_node_id": "category_url",
    "domain": "category_url",
    "schedule": "repeat",
    "schedule.at": "at",
    "schedule.cron": "cron",
    "schedule.timezone": "timezone",
}
"""Fields of add_schedule that have another name in the form."""


@dataclass(frozen=True, slots=True)
class CrawlForm:
    """The form as it was sent, or as an address fills it in."""

    typed: Mapping[str, str]
    listing: ListingURL | None
    """What the address names; None if there is none, or it cannot be read."""
    dropped: tuple[str, ...]
    """Names of parameters of the address that change nothing."""
    faults: Mapping[str, str]
    """What is wrong, a sentence for each field of the form."""
    body: AddSchedule | None
    """The same as a request; None if something is wrong or missing."""
    rules: list[Rule]
    """Of the alert."""

    @classmethod
    def read(cls, given: Mapping[str, str], *, whole: bool) -> Self:
        """Read what was sent; unless it is to be ``whole``, what is missing is no fault."""
        typed = {name: given.get(name, "").strip() for name in FIELDS}
        faults: dict[str, str] = {}
        url = _with_scheme(typed["category_url"])
        listing, dropped = _listing(url, faults)
        rules = _rules(typed, faults)
        body = _body(typed, url, listing, faults) if listing else None
        if whole and not typed["category_url"]:
            faults["category_url"] = "Paste the address of a category's page here."
        if not typed["postcode"]:
            faults.pop("postcode", None)
            if whole:
                faults["postcode"] = "Say where the shop is to deliver to: prices depend on it."
        return cls(typed, listing, dropped, faults, None if faults else body, rules)

    @property
    def shop(self) -> Marketplace | None:
        """The marketplace of the address."""
        return self.listing.marketplace if self.listing else None

    @property
    def place(self) -> tuple[Marketplace, str] | None:
        """Marketplace and postcode in its one form, if both are good."""
        code = self.shop.postcode(self.typed["postcode"]) if self.shop else None
        return (self.shop, code) if self.shop and code else None

    @property
    def filled_in(self) -> dict[str, str]:
        """What was typed, without what is empty."""
        return {name: value for name, value in self.typed.items() if value}

    def has_any(self, *fields: str) -> bool:
        """Whether any of these fields is filled in, other than by default, or wrong."""
        filled = {name: value for name, value in self.filled_in.items() if value != "Normal"}
        return any(name in filled or name in self.faults for name in fields)


def _with_scheme(url: str) -> str:
    """An address as the shop has it: people leave https:// out, or have copied it without the s."""
    return re.sub(r"(?i)^(?:http://|(?=(?:www\.)?amazon\.))", "https://", url)


def _listing(url: str, faults: dict[str, str]) -> tuple[ListingURL | None, tuple[str, ...]]:
    if not url:
        return None, ()
    try:
        return ListingURL.parse(url), PastedURL.read(url).dropped
    except InvalidListingURL as error:
        faults["category_url"] = sentence(in_words(str(error)))
    return None, ()


def _body(
    typed: Mapping[str, str], url: str, listing: ListingURL, faults: dict[str, str]
) -> AddSchedule | None:
    fields = {"category_url": url, **dict(_fields(typed, listing, faults))}
    if wrong := wrong_postcode(typed["postcode"], listing.marketplace):
        faults["postcode"] = wrong
    try:
        return checked(AddSchedule, fields)
    except WrongFields as wrong:
        for fault in wrong.faults:
            faults.setdefault(_PLACES.get(fault.field, fault.field), sentence_of(fault))
    return None


def _fields(
    typed: Mapping[str, str], listing: ListingURL, faults: dict[str, str]
) -> Iterator[tuple[str, Any]]:
    """The fields of add_schedule but its address."""
    yield "domain", listing.domain
    yield "amazon_node_id", listing.node
    yield "priority", typed["priority"] or "Normal"
    filters = listing.marketplace.filters
    if Filter.PRIME_SHIPS_FROM_AU in filters:
        yield Filter.PRIME_SHIPS_FROM_AU.value, bool(typed["filter_prime_ships_from_au"])
    if Filter.DELIVERY_DAY in filters and typed["filter_delivery_day"]:
        yield Filter.DELIVERY_DAY.value, typed["filter_delivery_day"]
    yield "include_sponsored", bool(typed["include_sponsored"])
    for bound in ("price_min", "price_max"):
        yield f"{bound}_cents", _cents(typed, bound, faults)
    yield "max_products", _count(typed, "max_products", faults)
    for name in ("postcode", "name", "notification_email", "webhook_url"):
        if typed[name]:
            yield name, typed[name]
    if typed["repeat"]:
        yield "schedule", _schedule(typed, listing.marketplace)


def _schedule(typed: Mapping[str, str], shop: Marketplace) -> dict[str, str]:
    """Without a time zone, that of the shop's country."""
    zone = {"timezone": typed["timezone"] or shop.timezone}
    if typed["repeat"] == "cron":
        return zone | {"cron": typed["cron"]}
    at = {"at": typed["at"]} if typed["at"] else {}
    return zone | {"every": typed["repeat"]} | at


def _cents(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> int | None:
    try:
        return cents_of(typed[name], "It")
    except InvalidListingURL as error:
        faults[name] = sentence(str(error))
        return None


def _count(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> int | None:
    text = typed[name].replace(",", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        faults[name] = "It must be a whole number, such as 500."
        return None
    return int(text[:12])


def _rules(typed: Mapping[str, str], faults: dict[str, str]) -> list[Rule]:
    rules: list[dict[str, Any]] = [{"kind": kind} for kind in _ALERTS if typed[f"alert_{kind}"]]
    try:
        if typed["alert_price_falls"]:
            percent = float(typed["alert_percent"] or "10")
            rules.insert(0, {"kind": "price_falls", "percent": percent})
        return rules_of(json.dumps(rules))
    except ValueError:
        faults["alert_percent"] = "It must be a number from 0.01 to 100."
        return []


def understood(listing: ListingURL) -> list[tuple[str, str]]:
    """What an address asks for, as names and values for people."""
    told = [("Shop", listing.domain), ("Category", f"number {listing.node}")]
    parameters = dict(listing.parameters)
    if words := parameters.get("k"):
        told.append(("Search", words))
    told += [("Filter", filter_name(*term)) for term in listing.refinements]
    if listing.sort:
        told.append(("Order", order_name(listing.sort)))
    return told
