"""Pages that say "no results": which are trusted, requested again, or leave the list incomplete."""

import json
from typing import Any

import pytest

from tests.crawls import URL, Ended, Home
from tests.storefront.catalogue import EMPTY_NODE, NODE
from tests.waiting import until

FIRST = "%3A4851693051$"


def deny(home: Home, pattern: str, times: int, *, has_rail: bool = True) -> None:
    """Make the shop say "No results" on pages whose URL matches the pattern."""
    home.shop.switches.no_results_on = pattern
    home.shop.switches.no_results_times = times
    home.shop.switches.no_results_rail = has_rail


def whole_category(ended: Ended, home: Home) -> bool:
    return sorted(ended.asins) == sorted(home.shop.catalogue.asins())


@pytest.mark.parametrize("has_rail", [True, False])
@pytest.mark.parametrize("pattern", [FIRST, "page=2$", "page=3$", "."])
def test_one_odd_no_results_costs_one_request_and_no_product(
    home: Home, pattern: str, has_rail: bool
) -> None:
    deny(home, pattern, 1, has_rail=has_rail)
    ended = home.crawl()
    assert ended.code == 0, ended.said
    assert whole_category(ended, home)
    assert ended.summary["coverage"]["complete"] is True
    assert len(home.shop.listing_requests) == (6 if pattern == "." else 4)
    assert "it is requested again" in ended.said


def test_an_empty_category_is_asked_twice_and_believed(home: Home) -> None:
    for run, has_rail in (("local/a", True), ("local/b", False)):
        home.shop.switches.no_results_rail = has_rail
        ended = home.crawl(run=run, category_url=URL.replace(NODE, EMPTY_NODE))
        assert (ended.code, ended.result) == (0, [])
        assert ended.summary["coverage"]["complete"] is True
        assert ended.summary["coverage"]["requests"] == 2
    assert len(home.shop.listing_requests) == 4


@pytest.mark.parametrize("has_rail", [True, False])
@pytest.mark.parametrize("pattern", [FIRST, "p_90", "."])
def test_one_odd_no_results_does_not_end_what_learns_the_delivery_day(
    home: Home, pattern: str, has_rail: bool
) -> None:
    deny(home, pattern, 1, has_rail=has_rail)
    ended = home.crawl(filter_delivery_day="within_2_days")
    assert ended.code == 0, ended.said
    assert set(ended.asins) == home.shop.catalogue.asins(within_days=2)
    assert ended.summary["coverage"]["complete"] is True


def test_an_empty_category_with_a_delivery_day_is_done(home: Home) -> None:
    url = URL.replace(NODE, EMPTY_NODE)
    ended = home.crawl(category_url=url, filter_delivery_day="tomorrow")
    assert (ended.code, ended.result) == (0, []), ended.said
    assert ended.summary["coverage"]["complete"] is True
    assert len(home.shop.listing_requests) == 2


def test_no_results_against_the_total_of_earlier_pages_is_never_complete(home: Home) -> None:
    deny(home, "page=2$", 0)
    ended = home.crawl(whole="false")
    assert (ended.code, len(ended.rows)) == (0, 24)
    coverage = ended.summary["coverage"]
    assert coverage["complete"] is False
    assert "the site reports 60 products and 24 were found; " in coverage["why"]
    assert "&page=2 said twice that there are no results" in coverage["why"]


@pytest.mark.parametrize("has_rail", [True, False])
@pytest.mark.parametrize("times", [0, 1])
def test_a_slice_that_says_no_results_where_products_are_known(
    home: Home, times: int, has_rail: bool
) -> None:
    home.shop.switches.cap = 24
    home.shop.switches.page_size = 16
    deny(home, r"p_36%3A\d+-$", times, has_rail=has_rail)
    ended = home.crawl()
    assert ended.code == 0, ended.said
    coverage = ended.summary["coverage"]
    catalogue = home.shop.catalogue
    right = catalogue.asins()
    priced = {asin for asin in right if catalogue.by_asin[asin].price_cents is not None}
    if times:
        assert priced <= set(ended.asins)
        assert "said twice" not in coverage["why"]
    else:
        assert not priced <= set(ended.asins)
        assert coverage["complete"] is False
        assert "said twice that there are no results" in coverage["why"]


def test_a_run_killed_after_one_no_results_asks_once_more_when_resumed(home: Home) -> None:
    deny(home, FIRST, 2)
    switches = home.shop.switches
    switches.block, switches.block_from, switches.block_times = "hang", 2, 1
    process = home.start("-s", "DOWNLOAD_TIMEOUT=30")
    until(lambda: len(home.shop.listing_requests), lambda count: count > 1)
    process.kill()
    process.communicate()
    journal = home.folder / "results/local/a/journal.jsonl"
    told: list[dict[str, Any]] = [json.loads(line) for line in journal.open()]
    assert [(page["kind"], page["proved"]) for page in told] == [("no_results", True)]
    # The shop said it once; the hanging request got no answer.
    ended = home.resume()
    assert (ended.code, ended.result) == (0, []), ended.said
    assert len(home.shop.listing_requests) == 3


def test_a_run_killed_after_one_odd_no_results_loses_nothing_when_resumed(home: Home) -> None:
    deny(home, FIRST, 1)
    switches = home.shop.switches
    switches.block, switches.block_from, switches.block_times = "hang", 2, 1
    process = home.start("-s", "DOWNLOAD_TIMEOUT=30")
    until(lambda: len(home.shop.listing_requests), lambda count: count > 1)
    process.kill()
    process.communicate()
    ended = home.resume()
    assert ended.code == 0, ended.said
    assert whole_category(ended, home)
    assert ended.summary["coverage"]["complete"] is True
