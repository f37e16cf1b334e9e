"""Reads prices in any marketplace's format: "$1,049.00", "1.013,76 €", "￥24,800", "₹1,21,900"."""

import re
from functools import lru_cache
from typing import NamedTuple

from category_crawler.pages.text import clean, plain_digits, whole_number

_SYMBOLS: dict[str, str] = {
    "US$": "USD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "CDN$": "CAD", "C$": "CAD",
    "MX$": "MXN", "S$": "SGD", "HK$": "HKD", "NZ$": "NZD", "NT$": "TWD", "R$": "BRL",
    "€": "EUR", "£": "GBP", "￥": "JPY", "¥": "JPY", "円": "JPY", "₹": "INR", "Rs": "INR",
    "₺": "TRY", "TL": "TRY", "zł": "PLN", "₫": "VND", "đ": "VND", "₩": "KRW", "₪": "ILS",
    "₽": "RUB", "฿": "THB", "₱": "PHP", "Ft": "HUF", "Kč": "CZK", "lei": "RON", "₦": "NGN",
    "ريال": "SAR", "ر.س": "SAR", "جنيه": "EGP", "ج.م": "EGP", "درهم": "AED", "د.إ": "AED",
}  # fmt: skip
_SHARED_SYMBOLS: dict[str, tuple[str, ...]] = {
    # A shared symbol means the marketplace's own currency if that is in the list, else the first.
    # Amazon.com shows "$" for its own, amazon.se "kr".
    "$": ("USD", "AUD", "CAD", "MXN", "SGD", "NZD", "HKD"),
    "kr": ("SEK", "NOK", "DKK"),
    "R": ("ZAR",),
}
_NO_DECIMALS = frozenset({"JPY", "KRW", "VND", "CLP", "PYG", "UGX", "XAF", "XOF"})
_THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND"})

# "$.99" is 99 cents, "Rs.99" is 99 rupees: a mark that ends an abbreviation is no decimal mark.
NUMBER = re.compile(r"(?:(?<![^\W_])[.,](?=\d\d(?!\d)))?\d(?:[\d.,'’ ]*\d)?")
"""A number in any format."""
_PARTS = re.compile(r"(.*?)(?:([.,])(\d+))?")
# The currencies in which Amazon shows prices to foreign addresses; "USB 3" is not a price.
_NAMED_CODES = (
    "AED ARS AUD BBD BGN BHD BMD BND BOB BRL BSD CAD CHF CLP CNY COP CRC CZK DKK DOP EGP EUR GBP "
    "GTQ HKD HNL HUF IDR ILS INR ISK JMD JOD JPY KES KRW KWD KZT LBP LKR MAD MOP MUR MXN MYR NAD "
    "NGN NOK NZD OMR PAB PEN PHP PLN PYG QAR RON RUB SAR SEK SGD THB TND TRY TTD TWD TZS UAH UGX "
    "USD UYU VND XAF XCD XOF ZAR"
)
_CODES = frozenset(_NAMED_CODES.split())
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


def _alone(symbol: str) -> str:
    """A pattern for a symbol; a symbol of letters must not touch another letter."""
    before = r"(?<![^\W\d_])" if symbol[0].isalpha() else ""
    behind = r"(?![^\W\d_])" if symbol[-1].isalpha() else ""
    return before + re.escape(symbol) + behind


_LONGEST_FIRST = sorted([*_SYMBOLS, *_SHARED_SYMBOLS], key=len, reverse=True)
_SYMBOL = re.compile(
    # Checking the first character first makes the search faster.
    f"(?=[{re.escape(''.join({symbol[0] for symbol in _LONGEST_FIRST}))}])"
    f"(?:{'|'.join(map(_alone, _LONGEST_FIRST))})"
)


class Price(NamedTuple):
    """A price read from a page."""

    text: str
    """As displayed, with single spaces and no invisible marks."""
    cents: int
    """Hundredths of the currency, for the yen too."""
    currency: str
    """ISO 4217."""


def read_price(text: str | None, own_currency: str) -> Price | None:
    """The first price in a text; None if there is none.

    ``own_currency`` is the marketplace's; it decides what a shared symbol such as ``$`` means.
    """
    shown = clean(text)
    plain = plain_digits(shown)
    number = NUMBER.search(plain)
    if number is None:
        return None
    around = f"{plain[: number.start()]}0{plain[number.end() :]}"
    currency = read_currency(around, own_currency) or own_currency
    return Price(shown, read_cents(number.group(), currency), currency)


@lru_cache(maxsize=1024)  # without their numbers, a marketplace's price texts are mostly equal
def read_currency(text: str, own_currency: str) -> str | None:
    """The currency (ISO 4217) that a text names by code or symbol; None if it names none."""
    for code in _CODE.findall(text):
        if code in _CODES:
            return str(code)
    symbol = _SYMBOL.search(text)
    if symbol is None:
        return None
    shared = _SHARED_SYMBOLS.get(symbol.group())
    if shared is None:
        return _SYMBOLS[symbol.group()]
    return own_currency if own_currency in shared else shared[0]


def read_cents(number: str, currency: str) -> int:
    """A number in any format ("1,21,900", "1.013,76", "17 499,00") as hundredths."""
    whole, fraction = _split(number, currency)
    return whole_number(whole) * 100 + int(f"{fraction:0<2}"[:2])


def _split(number: str, currency: str) -> tuple[str, str]:
    """The whole part with its grouping, and the digits after the decimal mark."""
    whole, mark, tail = _PARTS.fullmatch(number).groups()  # type: ignore[union-attr]
    if mark and _is_decimal(whole, mark, tail, currency):
        return whole, tail
    return number, ""


def _is_decimal(whole: str, mark: str, tail: str, currency: str) -> bool:
    if mark in whole:
        return False
    if len(tail) == 3:
        return currency in _THREE_DECIMALS
    return not (currency in _NO_DECIMALS and len(tail) > 2)
