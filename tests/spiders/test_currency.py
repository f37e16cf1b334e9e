"""Prices in a foreign currency are kept as shown and do not affect the plan."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.catalogue import NODE
from tests.waiting import until

WARNING = "some prices are in USD, not in AUD as usual on amazon.com.au"
BOUNDS_WARNING = "the price bounds are in AUD: products with a price in USD were kept"


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Home]:
    """A shop of 700 products that serves 96 per listing."""
    switches = Switches(page_bytes=0, cap=96, rounded_above=300)
    with Storefront(Catalogue(700, seed=5), switches).serve() as shop:
        made = Home(tmp_path, shop)
        made.settings(f'{QUICK}LOG_LEVEL = "WARNING"\n')
        made.make_session()
        yield made


def priced(home: Home, **asked: object) -> set[str]:
    catalogue = home.shop.catalogue
    right = catalogue.asins(**asked)
    return {asin for asin in right if catalogue.by_asin[asin].price_cents is not None}


def is_truthful(ended: Ended, home: Home) -> bool:
    is_whole = set(ended.asins) == home.shop.catalogue.asins()
    return ended.summary["coverage"]["complete"] in ((True, None) if is_whole else (False, None))


CASES: dict[str, dict[str, Any]] = {
    "all": {},
    "all, totals exact": {"rounded_above": 10_000},
    "all, no range named": {"keep_summary": False},
    "half of the cards": {"wrong_currency_share": 0.5},
    "few cards": {"wrong_currency_share": 0.1, "keep_summary": False},
    "from the third page on": {"local_currency": True, "wrong_currency_from": 3},
    "from the first slice on": {"local_currency": True, "wrong_currency_from": 5},
    "after some slices": {"local_currency": True, "wrong_currency_from": 20},
}


@pytest.mark.parametrize("switches", CASES.values(), ids=CASES)
def test_no_product_with_a_price_is_lost_without_a_postcode(
    large: Home, switches: dict[str, Any]
) -> None:
    for name, value in switches.items():
        setattr(large.shop.switches, name, value)
    ended = large.crawl(postcode=None)
    assert ended.code == 0, ended.said
    assert priced(large) <= set(ended.asins) <= large.shop.catalogue.asins()
    assert is_truthful(ended, large)
    (warning,) = ended.summary["warnings"]
    assert warning.startswith(WARNING)
    assert ended.said.count(warning) == 1
    assert json.loads((ended.folder / "progress.json").read_bytes())["warnings"] == [warning]
    # Every row names the currency of its price.
    for row in ended.rows:
        item = large.shop.catalogue.by_asin[row["asin"]]
        is_own = row["currency"] == "AUD"
        assert row["price_cents"] is None or is_own is (row["price_cents"] == item.price_cents)


def test_yen_are_no_dollars(tmp_path: Path) -> None:
    prices = [(100 + number % 400) * 100 for number in range(500)]
    switches = Switches(page_bytes=0, cap=96, wrong_currency_share=0.5, rounded_above=300)
    with Storefront(Catalogue(prices=prices), switches).serve() as shop:
        home = Home(tmp_path, shop)
        home.settings()
        url = f"https://www.amazon.co.jp/s?rh=n%3A{NODE}"
        ended = home.crawl(category_url=url, postcode=None)
        assert ended.code == 0, ended.said
        assert set(ended.asins) == shop.catalogue.asins()
    assert "some prices are in USD, not in JPY" in ended.summary["warnings"][0]


def test_some_cards_in_another_currency_do_not_end_a_run_with_a_postcode(home: Home) -> None:
    home.shop.switches.wrong_currency_from = 1
    home.shop.switches.wrong_currency_share = 0.2
    ended = home.crawl()
    assert ended.code == 0, ended.said
    assert set(ended.asins) == home.shop.catalogue.asins()
    assert ended.summary["warnings"][0].startswith(WARNING)


def test_a_shop_in_its_own_currency_gives_no_warning(home: Home) -> None:
    assert home.crawl().summary["warnings"] == []


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_bounds_are_not_held_against_another_currency(home: Home, share: float) -> None:
    home.shop.switches.wrong_currency_share = share
    ended = home.crawl(postcode=None, price_min_cents=2000, price_max_cents=4000)
    assert ended.code == 0, ended.said
    assert set(ended.asins) == home.shop.catalogue.asins(low=2000, high=4000)
    coverage = ended.summary["coverage"]
    assert coverage["outliers"] == 0
    # In dollars the page names a different range, which proves nothing.
    assert coverage["complete"] is (True if share < 1 else None)
    assert (share < 1) or "could not be proved" in coverage["why"]
    assert ended.summary["warnings"][1].startswith(BOUNDS_WARNING)


@pytest.mark.parametrize("has_summary", [True, False])
def test_bounds_that_the_shop_ignores_are_never_proved_by_another_currency(
    home: Home, has_summary: bool
) -> None:
    home.shop.switches.drop_filter = "p_36"
    home.shop.switches.keep_summary = has_summary
    # In dollars, most prices are within these bounds.
    ended = home.crawl(postcode=None, price_min_cents=100, price_max_cents=20000)
    assert ended.summary["coverage"]["complete"] is not True
    assert ended.summary["warnings"][1].startswith(BOUNDS_WARNING)


def test_a_resumed_run_comes_to_the_same_plan_and_warns_all_the_same(large: Home) -> None:
    whole = large.crawl(postcode=None, run="local/whole")
    made = len(large.shop.listing_requests)
    switches = large.shop.switches
    switches.block, switches.block_from, switches.block_times = "hang", made + 9, 1
    process = large.start("-s", "DOWNLOAD_TIMEOUT=60", postcode=None)
    until(lambda: len(large.shop.listing_requests), lambda count: count > made + 8)
    process.kill()
    process.communicate()
    ended = large.resume()
    assert ended.code == 0, ended.said
    assert priced(large) <= set(ended.asins)
    assert ended.summary["warnings"] == whole.summary["warnings"]
    plans = [one.summary["coverage"]["slices"] for one in (ended, whole)]
    assert plans[0] == plans[1] > 1


def test_a_run_resumed_in_the_shops_own_currency_still_warns_and_loses_nothing(large: Home) -> None:
    switches = large.shop.switches
    switches.block, switches.block_from = "not_found", 9
    assert large.crawl(postcode=None).code == 1
    switches.block, switches.local_currency = "", True
    ended = large.resume()
    assert ended.code == 0, ended.said
    assert priced(large) <= set(ended.asins)
    assert ended.summary["warnings"][0].startswith(WARNING)
