"""What a run was asked for, as answers, mails and files tell it."""

from dataclasses import replace
from typing import Any

import pytest

from api.runners.asked import asked_of
from api.store.records import Collection, Runner, StoredRequest
from api.store.stage import Stage
from tests.api.services import BODY
from tests.records import progress


def runner(node_name: str | None = None, **fields: Any) -> Runner:
    """A queued runner whose collection has these fields besides those that every one has."""
    collection = Collection(1, 1, "Lamps", "x", StoredRequest(BODY | fields), [])
    return Runner(
        id=1,
        stage=Stage.QUEUED,
        attempt=1,
        mark=0,
        stalled=0,
        asin_count=0,
        coverage=None,
        failed_reason=None,
        failed_message=None,
        is_stopping=False,
        is_held=False,
        priority=0.0,
        missing_since=None,
        reserved=None,
        is_limited_by_day=False,
        earlier=None,
        carried=0,
        warnings=[],
        node_name=node_name,
        created_at="2026-01-01T00:00:00Z",
        started_at=None,
        finished_at=None,
        files_removed_at=None,
        files_removed_by=None,
        last_progress=None,
        is_recorded=False,
        collection=collection,
    )


def url(more: str) -> str:
    return f"{BODY['category_url']}{more}"


def test_what_is_not_asked_for_is_empty() -> None:
    asked = asked_of(runner())
    told = (asked.category_url, asked.domain, asked.amazon_node_id, asked.postcode)
    assert told == (BODY["category_url"], BODY["domain"], BODY["amazon_node_id"], "4500")
    assert (asked.price_min_cents, asked.price_max_cents, asked.max_products) == (None, None, None)
    assert (asked.search, asked.refinements, asked.whole) == (None, (), True)
    assert asked.filters == []


@pytest.mark.parametrize(
    ("fields", "bounds"),
    [
        ({"category_url": url("%2Cp_36%3A1000-2000")}, (1000, 2000)),
        ({"category_url": url("&high-price=25")}, (None, 2500)),
        ({"category_url": url("%2Cp_36%3A1000-2000"), "price_min_cents": 1500}, (1500, 2000)),
        ({"category_url": url("%2Cp_36%3A1000-2000"), "price_min_cents": 0}, (0, 2000)),
    ],
)
def test_a_field_replaces_the_same_filter_of_the_url(
    fields: dict[str, Any], bounds: tuple[int | None, int | None]
) -> None:
    asked = asked_of(runner(**fields))
    assert (asked.price_min_cents, asked.price_max_cents) == bounds


def test_the_url_tells_the_filters_that_have_no_field() -> None:
    asked = asked_of(runner(category_url=url("%2Cp_89%3AAurelo&k=desk+lamp&page=4")))
    assert (asked.search, asked.refinements) == ("desk lamp", ("p_89:Aurelo",))
    assert asked.filters == ['search "desk lamp"', "brand Aurelo"]


def test_filters_in_words() -> None:
    asked = asked_of(
        runner(
            filter_prime_ships_from_au=True,
            filter_delivery_day="within_2_days",
            price_min_cents=1050,
            price_max_cents=200_000,
            include_sponsored=True,
            max_products=5000,
            whole=False,
        )
    )
    assert asked.filters == [
        "Prime, ships from Australia",
        "delivery within 2 days",
        "price from 10.50 to 2,000.00 AUD",
        "products seen only as advertisements too",
        "at most 5,000 products",
        "one listing, not divided",
    ]


def test_a_filter_that_the_shop_lacks_is_said_to_be_not_applied() -> None:
    there = {"domain": "amazon.com", "postcode": "10001", "filter_delivery_day": "tomorrow"}
    asked = asked_of(runner(**there, filter_prime_ships_from_au=True))
    assert asked.filters == [
        "Prime, ships from Australia (not applied)",
        "delivery tomorrow (not applied)",
    ]


def test_a_postcode_is_the_delivery_sessions() -> None:
    assert asked_of(runner(domain="amazon.co.jp", postcode="100-0001")).postcode == "1000001"
    assert asked_of(runner(domain="amazon.example", postcode="100-0001")).postcode == "100-0001"


def test_the_nodes_name_comes_from_the_progress_until_the_end() -> None:
    assert asked_of(runner()).node_name is None
    assert asked_of(runner(), progress()).node_name is None
    assert asked_of(runner(), progress(node_name="Lighting")).node_name == "Lighting"
    assert asked_of(runner("Lighting")).node_name == "Lighting"


def test_a_request_of_an_older_version_is_told_as_it_is() -> None:
    asked = asked_of(runner(category_url="https://shop.example/lamps?high-price=5"))
    assert (asked.category_url, asked.filters) == ("https://shop.example/lamps?high-price=5", [])
    bare = runner()
    empty = replace(bare, collection=replace(bare.collection, request=StoredRequest({})))
    assert (asked_of(empty).category_url, asked_of(empty).whole) == ("", True)
