"""Journal lines and products made by tests."""

from typing import Any

from category_crawler.items import Product
from category_crawler.journal import PageRecord

LISTING = "https://www.amazon.com.au/s?rh=n%3A4851693051"


def asins(first: int, last: int) -> tuple[str, ...]:
    """ASINs of the products numbered from ``first`` to ``last``."""
    return tuple(f"B{number:09d}" for number in range(first, last + 1))


def product(number: int, **values: Any) -> Product:
    """The product with this number, at 10.00 unless said otherwise."""
    given = {"title": f"Lamp {number}", "price_cents": 1000} | values
    return Product(asins(number, number)[0], **given)


def no_results(page: int = 1, *, proved: bool = False, listing: str = LISTING) -> PageRecord:
    """A page that says "no results"; ``proved`` shows the node and the filters."""
    return record(
        page,
        listing=listing,
        kind="no_results",
        first=None,
        last=None,
        total=None,
        last_page=None,
        has_next=False,
        asins=(),
        new=0,
        proved=proved,
    )


def record(page: int = 1, **values: Any) -> PageRecord:
    """A page of 24 in a listing of 60, with a next page unless it is the third."""
    first, last = 24 * page - 23, min(24 * page, 60)
    defaults: dict[str, Any] = {
        "listing": LISTING,
        "page": page,
        "kind": "listing",
        "first": first,
        "last": last,
        "total": 60,
        "total_is_rounded": False,
        "last_page": 3,
        "has_next": page < 3,
        "asins": asins(first, last),
        "new": last - first + 1,
        "outliers": 0,
        "price_proved": None,
        "requests": 1,
        "at": "2026-01-01T00:00:00Z",
    }
    given = defaults | values
    if "prices" not in values:
        given["prices"] = (1000,) * len(given["asins"])
    return PageRecord(**given)
