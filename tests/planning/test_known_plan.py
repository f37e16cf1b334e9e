"""What a run leaves for the next one: whose it is, whether it still holds, and damaged ones."""

from typing import Any

import pytest
from pydantic import ValidationError

from category_crawler.job import CategoryJob
from category_crawler.planning.known_plan import KnownPlan, KnownSlice
from category_crawler.planning.listing_pages import ListingPages
from tests.planning.repeats import JOB, planned
from tests.records import LISTING, MOMENT, record
from tests.storefront import Catalogue

PARTS = (
    KnownSlice(term="p_36:-1999", total=288),
    KnownSlice(term="p_36:2000-", total=212),
)


def known(**values: Any) -> KnownPlan:
    """A plan of 500 products of which a listing serves 306."""
    given: dict[str, Any] = {
        "asked": LISTING,
        "delivery_day": None,
        "postcode": None,
        "listing": LISTING,
        "finished_at": MOMENT,
        "page_size": 24,
        "last_page": 13,
        "served": 306,
        "total": 500,
        "unpriced": 0,
        "is_vouched": True,
        "parts": PARTS,
    }
    return KnownPlan(**given | values)


def walk(**values: Any) -> ListingPages:
    given = {"total": 500, "last_page": 13} | values
    return ListingPages(JOB.listing, [record(1, **given)])


@pytest.mark.parametrize(
    "other",
    [
        {"category_url": f"{LISTING}%2Cp_36%3A-5000"},
        {"category_url": LISTING.replace("4851693051", "4851694051")},
        {"category_url": LISTING.replace(".com.au", ".com")},
        {"category_url": f"{LISTING}&s=review-rank"},
        {"category_url": LISTING, "postcode": "4500"},
        {"category_url": LISTING, "filter_prime_ships_from_au": "true"},
        {"category_url": LISTING, "filter_delivery_day": "tomorrow"},
        {"category_url": LISTING, "price_min_cents": "100"},
    ],
)
def test_a_plan_is_only_of_the_list_that_it_was_made_for(other: dict[str, str]) -> None:
    assert known().is_for(JOB)
    assert not known().is_for(CategoryJob.from_arguments(other))


def test_limits_and_advertisements_do_not_make_another_list() -> None:
    given = {"category_url": LISTING, "max_products": "40", "include_sponsored": "true"}
    assert known().is_for(CategoryJob.from_arguments(given))


@pytest.mark.parametrize(
    ("values", "page", "holds"),
    [
        ({}, {}, True),
        ({}, {"total": 307}, True),
        ({}, {"total": 306}, False),
        ({}, {"total": None}, False),
        ({}, {"last_page": 20}, False),
        ({}, {"last": 16, "asins": (), "prices": ()}, False),
        ({}, {"first": 1, "last": 48}, False),
        # The strip showed more than was served: it tells nothing.
        ({"last_page": 21}, {"last_page": 22}, True),
        ({"parts": ()}, {}, False),
        ({"parts": PARTS[1:]}, {}, False),
        ({"parts": PARTS[::-1]}, {}, False),
        ({"parts": (PARTS[0], KnownSlice(term="p_36:2001-", total=9))}, {}, False),
        ({"parts": (PARTS[0], KnownSlice(term="p_123:1", total=9))}, {}, False),
        ({"parts": (KnownSlice(term="p_123:1|2", total=9),)}, {}, True),
    ],
)
def test_a_plan_holds_while_the_site_serves_the_category_as_then(
    values: dict[str, Any], page: dict[str, Any], holds: bool
) -> None:
    assert known(**values).holds(walk(**page)) is holds


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"total": -1},
        {"refused": ["colour"]},
        {"parts": [{"term": "p_36:a-b", "total": 1}]},
        {"parts": [{"term": ":x", "total": 1}]},
        {"parts": [{"term": "p_36:1-2", "total": 1, "parts": [{"term": "n", "total": 1}]}]},
    ],
)
def test_a_damaged_plan_is_no_plan(damage: dict[str, Any]) -> None:
    values = known().model_dump(mode="json") | damage
    with pytest.raises(ValidationError):
        KnownPlan.model_validate(values, strict=False)


def test_a_plan_is_small() -> None:
    plan = planned(Catalogue(20_000, without_price=0), cap=306).known
    assert plan is not None
    assert len(plan.model_dump_json()) < 20_000


@pytest.mark.parametrize(
    "switches", [{"total_factor": 0}, {"fluctuating": True}, {"caps_its_count": True}]
)
def test_a_shop_without_true_totals_leaves_no_slices(switches: dict[str, Any]) -> None:
    plan = planned(Catalogue(600, without_price=0), cap=120, **switches).known
    assert plan is None or not plan.parts
