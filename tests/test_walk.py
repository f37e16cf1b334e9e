"""Walks: the next page, and why a listing has ended."""

from typing import Any

import pytest

from category_crawler.walk import End, Walk
from tests.records import record


def test_a_walk_begins_at_page_one() -> None:
    assert Walk().next_page == 1


def test_pages_follow_until_there_is_no_next_link() -> None:
    walk = Walk()
    asked = []
    while (page := walk.next_page) is not None:
        asked.append(page)
        walk.add(record(page))
    assert asked == [1, 2, 3]
    assert walk.end is End.NO_NEXT_LINK
    assert len(walk.asins) == 60


@pytest.mark.parametrize(
    ("second", "end"),
    [
        ({"first": 1, "last": 24}, End.RANGE_STANDS_STILL),
        ({"kind": "past_the_end", "asins": (), "first": 321, "last": 306}, End.PAST_THE_END),
        ({"asins": ()}, End.NO_ORGANIC_CARD),
        ({"kind": "no_results", "asins": ()}, End.NO_RESULTS),
        ({"has_next": False}, End.NO_NEXT_LINK),
        ({}, None),
        ({"first": None, "last": None}, None),
    ],
)
def test_what_ends_a_listing(second: dict[str, Any], end: End | None) -> None:
    walk = Walk([record(1), record(2, **second)])
    assert walk.end is end
    assert walk.next_page == (3 if end is None else None)


def test_the_order_of_arrival_does_not_matter() -> None:
    assert Walk([record(3), record(1), record(2)]).end is End.NO_NEXT_LINK


def test_the_latest_page_that_reports_a_total_is_believed() -> None:
    walk = Walk([record(1, total=900, total_is_rounded=True), record(2), record(3, total=None)])
    assert (walk.total, walk.total_is_rounded) == (60, False)
