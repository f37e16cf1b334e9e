"""The shop's filters and orders in words, as far as their codes are known; others keep the code."""

from collections.abc import Mapping
from types import MappingProxyType

from category_crawler.domain_config import BRAND_CODES, DELIVERY_DAY_CODE, PRIME_SHIPS_FROM_AU

_TERMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        PRIME_SHIPS_FROM_AU: "Prime, ships from Australia",
        ("p_n_prime_domestic", "6845357051"): "Prime, ships from abroad",
    }
)
_CODES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(BRAND_CODES, "brand"),
        DELIVERY_DAY_CODE: "delivery day",
        "p_6": "seller",
        "p_72": "customer rating",
        "p_76": "free delivery",
        "p_85": "Prime",
        "p_n_condition-type": "condition",
    }
)
"""What a code chooses by; on every marketplace the same, as addresses in use show."""
_ORDERS: Mapping[str, str] = MappingProxyType(
    {
        "price-asc-rank": "lowest price first",
        "price-desc-rank": "highest price first",
        "review-rank": "best rating first",
        "date-desc-rank": "newest first",
        "exact-aware-popularity-rank": "best sellers first",
    }
)


def filter_name(code: str, value: str) -> str:
    """A filter in words: ``brand Aurelo``. A number, which only the shop knows, is in brackets."""
    if name := _TERMS.get((code, value)):
        return name
    name = _CODES.get(code)
    if name is None:
        return f"another filter of the shop ({code}:{value})"
    choices = [one.removeprefix(f"{code}:") for one in value.split("|")]
    if all(one.isdigit() for one in choices):
        return f"{name} (number {' or '.join(choices)})"
    return f"{name} {' or '.join(choices)}"


def order_name(sort: str) -> str:
    """An order in words."""
    return _ORDERS.get(sort, sort)
