"""Reads the price range among a listing's chosen filters: "$40–$630+"."""

import re
from dataclasses import dataclass, field
from typing import Self

from category_crawler.pages.price import NUMBER, read_cents, read_currency
from category_crawler.pages.text import clean, plain_digits

_BELOW = re.compile(
    r"up to|under|below|bis|unter|jusqu|moins|fino|meno|hasta|menos|até|tot|onder|upp till|under"
    r"|do \d|poniżej|kadar|altı|まで|以下|未満|حتى|أقل",
    re.IGNORECASE,
)
_WHOLE_UNIT = 100
"""Cents; the site rounds ranges to whole units, so a bound may differ by less than one unit."""


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Bounds in cents, rounded by the site to whole units; None means no bound."""

    low: int | None
    high: int | None
    high_is_open: bool = False
    """The upper bound has a "+": it is the end of the slider and means "or more"."""
    currency: str = field(default="", compare=False)
    """ISO 4217."""

    @classmethod
    def read(cls, label: str, own_currency: str) -> Self | None:
        """Read a filter's label; None if it names no price."""
        text = plain_digits(clean(label))
        currency = read_currency(text, own_currency)
        if currency is None:
            return None
        cents = [read_cents(n.group(), currency) for n in NUMBER.finditer(text)]
        if len(cents) == 2:
            return cls(cents[0], cents[1], text.endswith("+"), currency)
        if len(cents) != 1:
            return None
        is_below = _BELOW.search(text) is not None
        low, high = (None, cents[0]) if is_below else (cents[0], None)
        return cls(low, high, currency=currency)

    def matches(self, low: int | None, high: int | None) -> bool:
        """Whether the site would show this for a range with these bounds in cents.

        For a bound that was not requested, the slider may show its own end.
        """
        return self._matches_low(low) and self._matches_high(high)

    def _matches_low(self, asked: int | None) -> bool:
        return asked is None or abs((self.low or 0) - asked) < _WHOLE_UNIT

    def _matches_high(self, asked: int | None) -> bool:
        if asked is None:
            return True
        if self.high is None:
            return False
        reaches = self.high_is_open and self.high <= asked
        return reaches or abs(self.high - asked) < _WHOLE_UNIT

    def __str__(self) -> str:
        low, high = ("…" if c is None else f"{c / 100:.0f}" for c in (self.low, self.high))
        return f"{low} to {high}{'+' if self.high_is_open else ''}"
