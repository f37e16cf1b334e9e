"""A category that is crawled again: it begins with what the run before has left."""

import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.changes import Change, Changed, changed

SIZE = 700
FEWEST = ceil(SIZE / 24)
A_DAY = Change(moved=0.1, gone=0.03, new=0.03)
BEGINS = "The plan begins with the slices that"
SAMPLE = "No earlier run has left a plan of this list"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of a shop that serves 120 of its 700 products in one listing."""
    catalogue = Catalogue(SIZE, without_price=0)
    with Storefront(catalogue, Switches(cap=120, page_bytes=0)).serve() as shop:
        made = Home(tmp_path, shop)
        made.settings()
        made.make_session()
        yield made


def requests_of(home: Home, run: str, *options: str, **arguments: Any) -> tuple[Ended, int]:
    """A crawl, and the listing requests that it took."""
    before = len(home.shop.listing_requests)
    ended = home.crawl(*options, run=run, **arguments)
    assert ended.code == 0, ended.said
    return ended, len(home.shop.listing_requests) - before


def a_day_passes(home: Home) -> Changed:
    """Change the shop's catalogue; return the truth about it."""
    truth = changed(home.shop.catalogue, A_DAY)
    home.shop.site.catalogue = truth.catalogue
    return truth


def prices_of(ended: Ended) -> dict[str, int]:
    return {row["asin"]: row["price_cents"] for row in ended.result}


def assert_told(before: Ended, after: Ended, truth: Changed) -> None:
    """The two lists differ by what the shop itself says has changed."""
    old, new = prices_of(before), prices_of(after)
    both = old.keys() & new.keys()
    assert new.keys() - old.keys() == truth.new
    assert old.keys() - new.keys() == truth.gone
    assert {asin for asin in both if new[asin] > old[asin]} == truth.price_up
    assert {asin for asin in both if new[asin] < old[asin]} == truth.price_down


def test_the_same_catalogue_again_costs_hardly_more_than_its_full_pages(home: Home) -> None:
    first, at_first = requests_of(home, "local/a")
    again, requests = requests_of(home, "local/b")
    assert (SAMPLE in first.said, BEGINS in again.said) == (True, True)
    assert requests <= 1.05 * FEWEST < at_first
    assert prices_of(again) == prices_of(first)
    coverage = again.summary["coverage"]
    assert coverage["complete"] is True
    assert coverage["why"] == first.summary["coverage"]["why"]
    assert coverage["requests"] == requests


def test_a_catalogue_that_has_changed_is_told_apart_exactly_and_cheaply(home: Home) -> None:
    first, _ = requests_of(home, "local/a")
    truth = a_day_passes(home)
    assert [len(truth.gone), len(truth.new)] == [21, 21]
    assert len(truth.price_up) + len(truth.price_down) == 70
    again, requests = requests_of(home, "local/b")
    assert requests <= 1.15 * FEWEST
    assert again.summary["coverage"]["complete"] is True
    assert set(again.asins) == home.shop.catalogue.asins()
    assert_told(first, again, truth)


@pytest.mark.parametrize("is_earlier_pruned", [False, True])
def test_a_killed_repeat_goes_on_without_loss_or_repetition(
    home: Home, is_earlier_pruned: bool
) -> None:
    first, _ = requests_of(home, "local/a")
    truth = a_day_passes(home)
    before = len(home.shop.listing_requests)
    home.shop.switches.block = "hang"
    home.shop.switches.block_from = before + 12
    home.shop.switches.block_times = 1
    process = home.start("-s", "DOWNLOAD_TIMEOUT=30", run="local/b")
    while len(home.shop.listing_requests) < before + 12:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    if is_earlier_pruned:
        (first.folder / "plan.json").unlink()
    again = home.resume("local/b")
    assert again.code == 0, again.said
    assert again.summary["coverage"]["complete"] is True
    assert_told(first, again, truth)
    assert len(again.asins) == len(set(again.asins)) == SIZE
    # One request more: the one that hung.
    assert len(home.shop.listing_requests) - before - 1 <= 1.15 * FEWEST


def test_a_run_that_continues_a_failed_repeat_stays_with_its_plan(home: Home) -> None:
    requests_of(home, "local/a")
    a_day_passes(home)
    before = len(home.shop.listing_requests)
    home.shop.switches.block = "captcha"
    home.shop.switches.block_from = before + 12
    failed = home.crawl(run="local/b")
    assert failed.summary["stage"] == "failed"
    assert not (failed.folder / "plan.json").exists()
    home.shop.switches.block = ""
    again, requests = requests_of(home, "local/c", continue_from="local/b")
    assert set(again.asins) == home.shop.catalogue.asins()
    assert requests <= 1.15 * FEWEST - 11
    assert (again.folder / "known.json").read_bytes() == (failed.folder / "known.json").read_bytes()


def test_runners_of_a_collection_repeat_each_other_and_no_other_collection(home: Home) -> None:
    requests_of(home, "7/3/12", _job="r12-1")
    again, requests = requests_of(home, "7/3/15", _job="r15-1")
    other, _ = requests_of(home, "7/4/16", _job="r16-1")
    assert requests <= 1.05 * FEWEST
    assert (BEGINS in again.said, SAMPLE in other.said) == (True, True)


@pytest.mark.parametrize("damage", ["", "{", '{"version": 1}', "[]", "x" * 2_000_000])
def test_a_damaged_plan_counts_as_none(home: Home, damage: str) -> None:
    first, at_first = requests_of(home, "local/a")
    (first.folder / "plan.json").write_text(damage)
    again, requests = requests_of(home, "local/b")
    assert SAMPLE in again.said
    assert (requests, prices_of(again)) == (at_first, prices_of(first))


@pytest.mark.parametrize(
    "other", [{"postcode": None}, {"price_max_cents": 5_000}, {"filter_delivery_day": "tomorrow"}]
)
def test_the_plan_of_another_list_is_not_used(home: Home, other: dict[str, Any]) -> None:
    requests_of(home, "local/a")
    again, _ = requests_of(home, "local/b", **other)
    assert SAMPLE in again.said


def test_a_list_with_a_learned_filter_is_repeated_too(home: Home) -> None:
    asked = {"filter_delivery_day": "within_2_days", "price_min_cents": 1_000}
    first, at_first = requests_of(home, "local/a", **asked)
    again, requests = requests_of(home, "local/b", **asked)
    assert requests < at_first
    assert again.summary["coverage"]["complete"] is True
    assert prices_of(again) == prices_of(first)
    assert set(again.asins) == home.shop.catalogue.asins(within_days=2, low=1_000)


def test_the_newest_plan_of_the_list_is_used(home: Home) -> None:
    requests_of(home, "local/a")
    requests_of(home, "local/c", price_max_cents=5_000)
    requests_of(home, "local/b")
    again, _ = requests_of(home, "local/d")
    assert f"{BEGINS} {home.folder}/results/local/b has left" in again.said


def test_an_operator_can_have_every_run_planned_as_the_first(home: Home) -> None:
    _, at_first = requests_of(home, "local/a")
    home.settings(f"{QUICK}KNOWN_PLANS = false\n")
    again, requests = requests_of(home, "local/b")
    assert requests == at_first
    assert not (again.folder / "known.json").exists()


@pytest.mark.parametrize("arguments", [{"max_products": 100}, {"whole": "false"}])
def test_a_run_that_did_not_see_the_whole_category_leaves_no_plan(
    home: Home, arguments: dict[str, Any]
) -> None:
    ended, _ = requests_of(home, "local/a", **arguments)
    assert not (ended.folder / "plan.json").exists()


def test_a_plan_that_cannot_be_written_costs_the_next_run_not_this_one(home: Home) -> None:
    (home.folder / "results/local/a/plan.json").mkdir(parents=True)
    first, _ = requests_of(home, "local/a")
    assert "plan.json could not be written" in first.said
    again, _ = requests_of(home, "local/b")
    assert SAMPLE in again.said
