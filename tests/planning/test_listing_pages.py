"""Walks: which page is next, and why a listing ended."""

from typing import Any

import pytest

from category_crawler.listing_url import ListingURL
from category_crawler.planning.listing_pages import VAIN_PAGES, End, ListingPages
from category_crawler.run.journal import UNREADABLE, PageRecord
from tests.records import LISTING, asins, no_results, record


def walk_of(*records: PageRecord) -> ListingPages:
    return ListingPages(ListingURL.parse(LISTING), records)


def test_a_walk_begins_at_page_one() -> None:
    assert list(walk_of().wanted()) == [1]


def test_pages_follow_until_there_is_no_next_link() -> None:
    walk = walk_of()
    asked = []
    while page := next(walk.wanted(), None):
        asked.append(page)
        walk.add(record(page))
    assert asked == [1, 2, 3]
    assert walk.end is End.NO_NEXT_LINK
    assert len(walk.asins) == 60


@pytest.mark.parametrize(
    ("second", "end"),
    [
        ({"first": 1, "last": 24, "asins": asins(1, 24)}, End.RANGE_STANDS_STILL),
        # A bar such as "24 results" stands still, but the page has products of its own.
        ({"first": 1, "last": 24}, None),
        ({"kind": "past_the_end", "asins": (), "first": 321, "last": 306}, End.PAST_THE_END),
        ({"has_next": False}, End.NO_NEXT_LINK),
        ({}, None),
        ({"first": None, "last": None}, None),
    ],
)
def test_what_ends_a_listing(second: dict[str, Any], end: End | None) -> None:
    walk = walk_of(record(1), record(2, **second))
    assert walk.end is end
    assert list(walk.wanted()) == ([3] if end is None else [])


@pytest.mark.parametrize(
    ("odd", "end"),
    [
        ({"asins": (), "prices": ()}, End.NO_ORGANIC_CARD),
        ({"kind": UNREADABLE, "asins": (), "prices": ()}, End.UNREADABLE),
    ],
)
def test_a_page_without_products_is_requested_once_more_where_more_is_promised(
    odd: dict[str, Any], end: End
) -> None:
    odd = {"asins": (), "prices": ()} | odd
    walk = walk_of(record(1), record(2, **odd))
    assert (walk.end, walk.needs_second_request) == (None, True)
    assert walk_of(record(1), record(2, **odd), record(2)).length == 2
    assert walk_of(record(1), *[record(2, **odd)] * 2).end is end


@pytest.mark.parametrize(
    ("before", "told", "end"),
    [
        ([], [True], End.NO_RESULTS),
        ([], [False], None),
        ([], [False, False], End.NO_RESULTS),
        ([record(1, total=24)], [True], End.NO_RESULTS),
        ([record(1, total=None)], [False], None),
        ([record(1, total=None)], [False, False], End.NO_RESULTS),
        ([record(1)], [True], None),
        ([record(1)], [True, True], End.CONTRADICTED),
        ([record(1), record(2, total=None)], [True, True], End.CONTRADICTED),
    ],
)
def test_no_results_is_believed_when_proved_or_said_twice_and_never_against_a_total(
    before: list[PageRecord], told: list[bool], end: End | None
) -> None:
    page = len(before) + 1
    walk = walk_of(*before, *(no_results(page, proved=proved) for proved in told))
    assert walk.end is end
    assert walk.needs_second_request is (end is None)
    assert next(walk.wanted(), None) == (page if end is None else None)


def test_the_first_page_of_all_is_asked_twice_whatever_it_shows() -> None:
    walk = ListingPages(ListingURL.parse(LISTING), [no_results(proved=True)], is_whole=True)
    assert list(walk.wanted()) == [1]
    walk.add(no_results(proved=True))
    assert walk.end is End.NO_RESULTS


def test_no_results_is_never_believed_where_products_are_known_to_lie() -> None:
    walk = ListingPages(ListingURL.parse(LISTING), [no_results(proved=True)], holds=1)
    assert walk.end is None
    walk.add(no_results(proved=True))
    assert walk.end is End.CONTRADICTED


def test_a_page_that_was_denied_once_goes_on_as_any_other() -> None:
    walk = walk_of(no_results(), record(1), no_results(2), record(2), record(3))
    assert (walk.end, len(walk.asins)) == (End.NO_NEXT_LINK, 60)


def test_no_results_ahead_of_its_turn_is_judged_in_its_turn() -> None:
    walk = walk_of(no_results(3, proved=True), record(1))
    assert list(walk.wanted()) == [2]
    walk.add(record(2))
    assert list(walk.wanted()) == [3]
    walk.add(record(3))
    assert walk.end is End.NO_NEXT_LINK


def test_the_order_of_arrival_does_not_matter() -> None:
    walk = walk_of(record(3), record(1), record(2))
    assert walk.end is End.NO_NEXT_LINK
    assert list(walk.asins) == list(walk_of(record(1), record(2), record(3)).asins)


def test_pages_that_the_strip_promises_may_be_asked_for_ahead() -> None:
    walk = walk_of(record(1, last_page=9))
    assert list(walk.wanted()) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert list(walk.wanted(4)) == [2, 3, 4]
    walk.add(record(3, last_page=9))
    assert list(walk.wanted(4)) == [2, 4]
    assert walk.last_page == 9


def test_a_page_behind_the_end_tells_nothing() -> None:
    walk = walk_of(record(3, asins=asins(900, 902), prices=(1,) * 3), record(1, has_next=False))
    assert walk.end is End.NO_NEXT_LINK
    assert "B000000900" not in walk.asins


def test_a_total_counts_as_exact_where_every_page_reports_the_same() -> None:
    assert walk_of(record(1), record(2)).exact_total == 60
    assert walk_of(record(1), record(2, total=61)).exact_total is None
    assert walk_of(record(1), record(2, total_is_rounded=True)).exact_total is None
    assert walk_of(record(1, total=40), record(2, total=90), record(3, total=50)).total == 50
    assert walk_of(record(1, total=None)).total is None


def test_what_was_served_is_the_last_rank_however_many_came_twice() -> None:
    walk = walk_of(record(1), record(2, asins=asins(20, 43)))
    assert (walk.served, len(walk.asins), walk.page_size) == (48, 43, 24)
    assert walk_of(record(1, first=None, last=None)).served == 24


def test_products_without_a_price_are_told_apart() -> None:
    walk = walk_of(record(1, asins=asins(1, 3), prices=(500, None, 700)))
    assert walk.without_price == set(asins(2, 2))


def test_a_closed_walk_still_tells_what_it_saw() -> None:
    walk = walk_of(record(1, brands=("p_123:1",)), record(2), record(4))
    told = (set(walk.asins), walk.served, walk.exact_total, walk.length, walk.last_page)
    walk.close()
    assert (set(walk.asins), walk.served, walk.exact_total, walk.length, walk.last_page) == told
    assert not walk.prices
    assert not walk.brands


@pytest.mark.parametrize("doubt", [{"cards_missed": 1}, {"cards_missed": -2}, {"page_shown": 1}])
def test_a_page_that_contradicts_itself_is_requested_once_more(doubt: dict[str, int]) -> None:
    walk = walk_of(record(1), record(2, **doubt))
    assert walk.needs_second_request
    assert list(walk.wanted(1)) == [2]
    walk.add(record(2))
    assert (walk.length, walk.end, walk.miscounted) == (2, None, [])


def test_cards_that_are_missed_twice_are_remembered_and_the_walk_goes_on() -> None:
    walk = walk_of(record(1), *[record(2, cards_missed=1)] * 2)
    assert (walk.length, walk.end, walk.miscounted) == (2, None, [(2, 1)])


def test_a_page_that_is_another_one_twice_ends_the_walk() -> None:
    walk = walk_of(record(1), *[record(2, page_shown=1)] * 2)
    assert walk.end is End.ANOTHER_PAGE


def test_a_listing_that_repeats_itself_for_ever_ends() -> None:
    repeated = {"asins": asins(1, 24), "has_next": True, "last_page": 400, "total": None}
    walk = walk_of(*[record(page, **repeated) for page in range(1, 10)])
    assert (walk.end, walk.length) == (End.NOTHING_NEW, 1 + VAIN_PAGES)
