"""Visitors' sessions: their cookies and the delivery locations bound to them."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from category_crawler.domain_config import DOMAINS, Marketplace

_TWO_PLACES = {
    "4500": ("BRAY PARK", "STRATHPINE", "CASHMERE"),
    "2000": ("SYDNEY", "BARANGAROO"),
    "20105": ("Aldie",),
}
_UBID = {"amazon.com.au": "ubid-acbau"}
_LIFETIME = 365 * 24 * 3600


@dataclass(slots=True)
class Visitor:
    """One session; without a place it is a visitor from abroad."""

    domain: str
    session_id: str
    place: str | None = None
    """The place in the delivery line: ``BRAY PARK 4500``."""
    tokens: set[str] = field(default_factory=set)
    """Tokens given out: a page's token opens the pop-over, the pop-over's changes the address."""

    def new_token(self, purpose: str) -> str:
        """A new token, which :meth:`holds` accepts for the same purpose only."""
        token = f"{purpose}-{secrets.token_urlsafe(12)}"
        self.tokens.add(token)
        return token

    def holds(self, token: str | None, purpose: str) -> bool:
        return token in self.tokens and str(token).startswith(f"{purpose}-")


class Visitors:
    """Every session of the shop, by its ``session-id``."""

    def __init__(self) -> None:
        self._known: dict[str, Visitor] = {}

    def of(self, domain: str, session_id: str | None) -> Visitor:
        """The visitor with this cookie, or a new one from abroad."""
        known = self._known.get(session_id or "")
        if known is not None and known.domain == domain:
            return known
        return self.new(domain)

    def new(self, domain: str) -> Visitor:
        visitor = Visitor(domain, f"{secrets.randbelow(10**17):017d}")
        self._known[visitor.session_id] = visitor
        return visitor

    def expire(self) -> None:
        """Forget every delivery location, silently like the real site."""
        for visitor in self._known.values():
            visitor.place = None


def suburbs(shop: Marketplace, postcode: str) -> tuple[str, ...]:
    """Places of a postcode; empty if the shop does not know it, as for all that end in 99."""
    if shop.postcode(postcode) is None or postcode.endswith("99"):
        return ()
    return _TWO_PLACES.get(postcode, ("MIDTOWN",))


def place_name(shop: Marketplace, suburb: str, postcode: str) -> str:
    """The place as the delivery line shows it; the UK and Canada shorten the code."""
    shown = postcode[:-3] if shop.truncates_postcode else postcode
    return f"{suburb} {shown}"


def cookie_headers(visitor: Visitor) -> list[str]:
    """``Set-Cookie`` lines of an answer: the session's, with a token that changes each time."""
    shop = DOMAINS[visitor.domain]
    return [
        f"{name}={value}; Domain=.{visitor.domain}; Path=/; Max-Age={_LIFETIME}; Secure"
        for name, value in _cookies(visitor, shop).items()
    ]


def storage_state(visitor: Visitor) -> dict[str, Any]:
    """The session as Playwright's storage state."""
    shop = DOMAINS[visitor.domain]
    return {
        "cookies": [
            {
                "name": name,
                "value": value,
                "domain": f".{visitor.domain}",
                "path": "/",
                "expires": 4102444800,
                "httpOnly": name == "session-token",
                "secure": True,
                "sameSite": "Lax",
            }
            for name, value in _cookies(visitor, shop).items()
        ],
        "origins": [],
    }


def _cookies(visitor: Visitor, shop: Marketplace) -> dict[str, str]:
    foreign = visitor.place is None
    return {
        "session-id": visitor.session_id,
        "session-token": secrets.token_urlsafe(24),
        _UBID.get(shop.domain, "ubid-main"): visitor.session_id[::-1],
        "i18n-prefs": "USD" if foreign else shop.currency,
    }
