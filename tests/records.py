"""Makes journal records, products, summaries and progress for tests."""

from typing import Any

from category_crawler.items import Product
from category_crawler.run.journal import PageRecord
from category_crawler.run.records import Coverage, Pause, Progress, Summary

MOMENT = "2026-01-01T00:00:00Z"
COVERAGE = Coverage(
    reported_total=60,
    reported_is_rounded=False,
    found=60,
    found_without_price=0,
    slices=1,
    slices_capped=0,
    requests=3,
    outliers=0,
    complete=True,
    why="every one of the 60 products reported was found",
)
LISTING = "https://www.amazon.com.au/s?rh=n%3A4851693051"


def asins(first: int, last: int) -> tuple[str, ...]:
    """ASINs of the products numbered from ``first`` to ``last``."""
    return tuple(f"B{number:09d}" for number in range(first, last + 1))


def product(number: int, **values: Any) -> Product:
    """The product with this number, at 10.00 by default."""
    given = {"title": f"Lamp {number}", "price_cents": 1000} | values
    return Product(asins(number, number)[0], **given)


def no_results(page: int = 1, *, proved: bool = False, listing: str = LISTING) -> PageRecord:
    """A page that says "no results"; with ``proved`` it shows the node and the filters."""
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
    """A page of 24 results in a listing of 60; it has a next page unless it is the third."""
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
        "at": MOMENT,
    }
    given = defaults | values
    if "prices" not in values:
        given["prices"] = (1000,) * len(given["asins"])
    return PageRecord(**given)


def summary(stage: str = "done", **values: Any) -> Summary:
    """A run's summary; by default the run is done."""
    failed = stage == "failed"
    defaults: dict[str, Any] = {
        "stage": stage,
        "failed_reason": "blocked" if failed else None,
        "failed_message": "the site asked for a captcha" if failed else None,
        "asin_count": 0,
        "coverage": COVERAGE,
        "started_at": MOMENT,
        "finished_at": MOMENT,
    }
    return Summary(**defaults | values)


def progress(page: int = 1, pause: float | None = None, **values: Any) -> Progress:
    """A run's progress; ``pause`` is in seconds."""
    defaults: dict[str, Any] = {
        "current_page": page,
        "current_listing": LISTING,
        "total_pages": 3,
        "total_pages_is_estimate": True,
        "products_found": 24 * page,
        "pages_finished": page,
        "coverage": COVERAGE,
        "started_at": MOMENT,
        "updated_at": MOMENT,
    }
    waits = Pause(seconds=pause, reason="a captcha", since=MOMENT) if pause is not None else None
    return Progress(**defaults | values).waiting(waits)
