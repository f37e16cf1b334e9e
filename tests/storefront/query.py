"""Reads a listing URL like the real site, which silently ignores what it does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.storefront.catalogue import BRANDS, NODE_NAMES, Selection

PRIME_CODE = "p_n_prime_domestic"
PRIME_VALUES = {"6845356051": "Prime Domestic", "6845357051": "Prime International"}
DAY_CODE = "p_90"
DAY_VALUES = {"6741209051": (1, "Get It by Tomorrow"), "6741210051": (2, "Get It in 2 Days")}
BRAND_CODE = "p_123"


@dataclass(frozen=True, slots=True)
class Query:
    """The parts of a request that the shop understood."""

    selection: Selection
    terms: tuple[tuple[str, str], ...]
    """The terms that were understood, each applied."""
    order: str
    page: int
    keywords: str

    @classmethod
    def read(
        cls, parameters: Mapping[str, str], *, domain: str, domestic: bool, dropped: set[str]
    ) -> Self:
        """Read decoded query parameters; ``dropped`` are the codes to ignore."""
        terms = _terms(parameters)
        if any(code == PRIME_CODE and not _knows(code, value, domain) for code, value in terms):
            # With an invalid Prime term the site ignores its siblings too.
            terms = [term for term in terms if term[0] == "n"]
        known = [
            (code, value)
            for code, value in terms
            if code not in dropped
            and not ("|" in value and f"{code}|" in dropped)
            and _knows(code, value, domain)
            and (domestic or code != DAY_CODE)
        ]
        return cls(
            selection=_selection(known),
            terms=tuple(known),
            order=parameters.get("s", ""),
            page=_page(parameters.get("page", "1")),
            keywords=parameters.get("k", ""),
        )

    def value(self, code: str) -> str | None:
        """The last understood value of a code."""
        return next((value for known, value in reversed(self.terms) if known == code), None)

    def values(self, code: str) -> list[str]:
        """The alternatives in the understood value of a code."""
        return (self.value(code) or "").split("|") if self.value(code) else []


def _terms(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = [term.partition(":") for term in parameters.get("rh", "").split(",") if ":" in term]
    terms = [(code, value) for code, _, value in pairs]
    low, high = parameters.get("low-price", ""), parameters.get("high-price", "")
    if low or high:
        cents = (f"{round(float(price) * 100)}" if price else "" for price in (low, high))
        terms.append(("p_36", "-".join(cents)))
    return terms


def _knows(code: str, value: str, domain: str) -> bool:
    if code == "n":
        return value in NODE_NAMES
    if code == "p_36":
        low, mark, high = value.partition("-")
        return bool(mark) and (low + high).isdigit()
    if code == PRIME_CODE:
        return domain == "amazon.com.au" and value in PRIME_VALUES
    known = {DAY_CODE: DAY_VALUES, BRAND_CODE: BRANDS}.get(code, {})
    return all(part in known for part in value.split("|"))


def _selection(terms: list[tuple[str, str]]) -> Selection:
    asked = dict(terms)
    low, _, high = asked.get("p_36", "-").partition("-")
    prime = asked.get(PRIME_CODE)
    day = asked.get(DAY_CODE)
    return Selection(
        node=asked.get("n"),
        low=int(low) if low else None,
        high=int(high) if high else None,
        prime=None if prime is None else PRIME_VALUES[prime] == "Prime Domestic",
        within_days=None if day is None else max(DAY_VALUES[part][0] for part in day.split("|")),
        brands=frozenset(asked.get(BRAND_CODE, "").split("|")) - {""},
    )


def _page(text: str) -> int:
    return max(1, int(text)) if text.isdigit() else 1
