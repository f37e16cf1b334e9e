"""The plan of a whole category against the simulated shop: it ends, and it loses no product."""

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from category_crawler.listing_url import ListingURL
from category_crawler.planning.coverage import Tally, cover
from category_crawler.planning.listing_pages import End
from category_crawler.planning.partition import Effort, Partition
from category_crawler.planning.slice import Verdict, Way
from tests.paper_shop import PaperShop
from tests.records import LISTING, record
from tests.storefront import Catalogue, Switches
from tests.storefront.catalogue import BRANDS, NODE, SUB_NODES

PRICES = st.lists(
    st.none() | st.integers(0, 30) | st.integers(100, 100_000) | st.just(999), max_size=260
)


def partition_of(url: str = LISTING, *, whole: bool = True) -> Partition:
    return Partition(ListingURL.parse(url), Effort(), whole=whole)


def crawled(
    catalogue: Catalogue,
    url: str = LISTING,
    *,
    at_once: int = 1,
    most: int = 5_000,
    **switches: Any,
) -> tuple[PaperShop, Partition]:
    shop = PaperShop(catalogue, Switches(**switches))
    partition = partition_of(url)
    shop.crawl(partition, at_once, most)
    return shop, partition


@settings(max_examples=60, deadline=None)
@given(PRICES, st.sampled_from([16, 24]), st.integers(48, 120), st.sampled_from([1, 5]))
def test_no_product_with_a_price_is_lost_for_any_prices(
    prices: list[int | None], page_size: int, cap: int, at_once: int
) -> None:
    shop, partition = crawled(
        Catalogue(prices=prices), at_once=at_once, page_size=page_size, cap=cap, rounded_above=150
    )
    assert shop.priced() <= shop.found <= shop.catalogue.asins()
    truth = shop.found == shop.catalogue.asins()
    found = Tally(found=len(shop.found))
    assert cover(partition, found).complete in ((True, None) if truth else (False, None))


@settings(max_examples=40, deadline=None)
@given(PRICES, st.integers(0, 99), st.sampled_from([0, 48, 100]))
def test_a_shop_that_reshuffles_and_lies_about_totals_is_never_wrongly_complete(
    prices: list[int | None], seed: int, cap: int
) -> None:
    shop, partition = crawled(
        Catalogue(prices=prices, seed=seed), cap=cap, fluctuating=True, reshuffle=0.1, most=1_000
    )
    assert shop.found <= shop.catalogue.asins()
    if cover(partition, Tally(found=len(shop.found))).complete:
        assert shop.found == shop.catalogue.asins()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 50_000), min_size=60, max_size=300), st.integers(2, 9))
def test_the_plan_does_not_depend_on_the_order_of_answers(prices: list[int], at_once: int) -> None:
    one_by_one = crawled(Catalogue(prices=prices), cap=60)[1]
    together = crawled(Catalogue(prices=prices), cap=60, at_once=at_once)[1]

    def slices(partition: Partition) -> list[tuple[str, Verdict | None]]:
        return [(str(one.listing), one.verdict) for one in partition.root.with_all_parts()]

    assert slices(one_by_one) == slices(together)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 50_000), min_size=60, max_size=300), st.integers(1, 60))
def test_a_replayed_journal_leads_to_the_same_plan(prices: list[int], cut_at: int) -> None:
    shop = PaperShop(Catalogue(prices=prices), Switches(cap=60))
    first, again = partition_of(), partition_of()
    while not first.is_over and cut_at:
        page = shop.answer(next(first.wanted()))
        first.add(page)
        again.add(page)
        cut_at -= 1
    assert list(again.wanted()) == list(first.wanted())


def test_a_category_that_is_served_whole_takes_its_pages_and_no_more() -> None:
    shop, partition = crawled(Catalogue(250))
    assert shop.found == shop.catalogue.asins()
    assert shop.requests == 11
    assert partition.root.verdict is Verdict.COMPLETE


def test_a_capped_category_is_found_at_little_more_than_its_pages() -> None:
    shop, partition = crawled(Catalogue(5_000), cap=306)
    assert shop.priced() <= shop.found
    assert shop.requests <= 1.35 * 5_000 / 24
    assert partition.root.verdict is Verdict.COMPLETE


def test_the_strip_is_not_believed_where_it_promises_what_is_not_served() -> None:
    shop, _ = crawled(Catalogue(2_000), page_cap=7, page_size=48, advertise_total=True)
    assert shop.priced() <= shop.found


def test_one_price_with_too_many_products_is_divided_by_brand_then_node() -> None:
    shop, partition = crawled(Catalogue(prices=[999] * 600), cap=60)
    assert shop.found == shop.catalogue.asins()
    asked = {str(one.listing) for one in partition.root.with_all_parts()}
    assert any("p_123" in url for url in asked)
    assert any(f"n%3A{node}" in url for url in asked for node in SUB_NODES)


def test_what_no_refinement_divides_is_looked_for_in_other_orders() -> None:
    shop = PaperShop(Catalogue(prices=[999] * 100), Switches(cap=48))
    partition = partition_of()
    while (asked := next(partition.wanted(), None)) is not None:
        partition.add(replace(shop.answer(asked), brands=(), nodes=()))
    assert len(shop.found) > 48
    coverage = cover(partition, Tally(found=len(shop.found)))
    assert coverage.complete is (len(shop.found) == 100)
    assert coverage.slices_capped == (len(shop.found) < 100)


def test_products_without_a_price_are_looked_for_in_other_orders() -> None:
    # More products than the brands and nodes can divide into listings that are served whole.
    shop, partition = crawled(Catalogue(6_000, without_price=0.1), cap=240)
    unpriced = {a for a in shop.found if shop.catalogue.by_asin[a].price_cents is None}
    assert len(partition.unpriced) == 2
    assert len(unpriced) > len(partition.root.first.without_price)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_brands_and_nodes_divide_products_without_a_price_too(share: float, seed: int) -> None:
    catalogue = Catalogue(5_000, without_price=share, seed=seed)
    shop, partition = crawled(catalogue, cap=306)
    assert shop.found == partition.root.asins == catalogue.asins()
    assert partition.root.verdict is Verdict.COMPLETE
    assert shop.requests <= 1.35 * 5_000 / 24


@pytest.mark.parametrize("at_once", [1, 6])
def test_brands_that_hold_only_some_products_are_given_up_for_prices(at_once: int) -> None:
    catalogue = Catalogue(3_000, without_price=0.05)
    shop, partition = PaperShop(catalogue, Switches(cap=306)), partition_of()
    shop.brands = list(BRANDS)[:-1]
    shop.crawl(partition, at_once)
    assert shop.priced() <= shop.found
    assert shop.requests <= 2.2 * 3_000 / 24
    assert partition.given_up
    truth = shop.found == catalogue.asins()
    assert cover(partition, Tally(found=len(shop.found))).complete in (
        (True, None) if truth else (False, None)
    )


def test_where_every_product_has_a_price_no_other_order_is_asked_for() -> None:
    assert crawled(Catalogue(2_000, without_price=0), cap=306)[1].unpriced == []


def test_a_rounded_total_that_may_hide_a_cap_is_looked_into() -> None:
    shop, _ = crawled(Catalogue(1_900), cap=1_100)
    assert shop.priced() <= shop.found


def test_slices_stay_inside_the_asked_bounds() -> None:
    url = f"{LISTING}%2Cp_36%3A1000-20000"
    shop, partition = crawled(Catalogue(3_000), url, cap=306)
    assert shop.found == shop.catalogue.asins(low=1000, high=20000)
    assert partition.unpriced == []
    for one in partition.root.with_all_parts():
        low, high = one.listing.price
        assert low is not None
        assert high is not None
        assert 1000 <= low <= high <= 20000


def test_asked_brands_are_divided_among_themselves() -> None:
    url = f"{LISTING}%2Cp_123%3A310000%7C310001%7C310002"
    shop, _ = crawled(Catalogue(prices=[999] * 600), url, cap=120)
    brands = frozenset({"310000", "310001", "310002"})
    assert shop.found == shop.catalogue.asins(brands=brands)


def test_a_slice_that_is_refused_adds_nothing_and_proves_nothing() -> None:
    shop = PaperShop(Catalogue(300), Switches(cap=96))
    partition = partition_of()
    for asked in iter(lambda: next(partition.wanted(), None), None):
        page = shop.answer(asked)
        if asked.price != (None, None):
            page = replace(record(asked.page, listing=page.listing, asins=()), kind="not_applied")
            page = replace(page, total=None, last_page=None, has_next=False)
        partition.add(page)
    rows = {item.asin for item in shop.catalogue.items if item.asin in partition.root.asins}
    assert (partition.root.verdict is Verdict.COMPLETE) is (rows == shop.catalogue.asins())
    assert shop.requests < 100


HONEST = crawled(Catalogue(1_000, without_price=0), cap=306)
ADDRESSES = {
    "every page": ".",
    "first page": r"4851693051$",
    "seventh page": r"4851693051&page=7$",
    "slices": "p_36",
    "later pages of slices": "p_36.*page=2",
}


@pytest.mark.parametrize("has_rail", [True, False])
@pytest.mark.parametrize("pattern", ADDRESSES.values(), ids=ADDRESSES)
def test_one_odd_no_results_for_each_page_loses_nothing(pattern: str, has_rail: bool) -> None:
    shop, partition = crawled(
        Catalogue(1_000, without_price=0),
        cap=306,
        no_results_on=pattern,
        no_results_times=1,
        no_results_rail=has_rail,
    )
    assert shop.found == shop.catalogue.asins()
    assert partition.root.verdict is Verdict.COMPLETE
    assert cover(partition, Tally(found=1_000)).complete is True
    assert shop.requests <= 2 * HONEST[0].requests


@pytest.mark.parametrize("has_rail", [True, False])
@pytest.mark.parametrize("pattern", [r"p_36%3A-\d", "p_36", "p_36.*page=2", "page=7$"])
def test_no_results_against_what_is_known_is_never_complete_unless_all_was_found(
    pattern: str, has_rail: bool
) -> None:
    shop, partition = crawled(
        Catalogue(1_000, without_price=0), cap=306, no_results_on=pattern, no_results_rail=has_rail
    )
    coverage = cover(partition, Tally(found=len(shop.found)))
    is_whole = shop.found == shop.catalogue.asins()
    assert coverage.complete is is_whole
    assert ("said twice that there are no results" in coverage.why) is not is_whole


def test_no_results_in_another_order_is_held_against_the_listings_own() -> None:
    shop, partition = crawled(
        Catalogue(900, without_price=0.1, seed=3), cap=48, no_results_on="s=review-rank$"
    )
    asked = [walk for walk in partition.unpriced if walk.end is End.CONTRADICTED]
    assert len(asked) == 1
    coverage = cover(partition, Tally(found=len(shop.found)))
    assert coverage.complete is False
    assert "s=review-rank said twice" in coverage.why


@settings(max_examples=40, deadline=None)
@given(
    PRICES,
    st.sampled_from(["[02468]$", "p_36%3A[1-5]", "page=[23]$", "p_123", "s=", "%3A-"]),
    st.integers(0, 2),
    st.booleans(),
)
def test_odd_no_results_never_make_a_list_wrongly_complete(
    prices: list[int | None], pattern: str, times: int, has_rail: bool
) -> None:
    shop, partition = crawled(
        Catalogue(prices=prices),
        cap=48,
        no_results_on=pattern,
        no_results_times=times,
        no_results_rail=has_rail,
    )
    if cover(partition, Tally(found=len(shop.found))).complete:
        assert shop.found == shop.catalogue.asins()


def test_empty_slices_that_prove_themselves_cost_no_second_request() -> None:
    prices: list[int | None] = [100, 101, 90_000] * 50
    shop, partition = crawled(Catalogue(prices=prices), cap=48)
    empty = [one for one in partition.root.with_all_parts() if one.first.end is End.NO_RESULTS]
    bare, _ = crawled(Catalogue(prices=prices), cap=48, no_results_rail=False)
    assert bare.requests - shop.requests == len(empty) > 0


def test_a_plain_walk_takes_the_one_listing() -> None:
    shop = PaperShop(Catalogue(600), Switches(cap=306))
    partition = partition_of(whole=False)
    shop.crawl(partition)
    assert (len(shop.found), shop.requests) == (306, 13)
    assert cover(partition, Tally(found=306)).complete is False


def test_a_page_that_comes_late_changes_nothing() -> None:
    partition = partition_of()
    first = next(partition.wanted())
    partition.add(record(1, has_next=False, total=24))
    before = list(islice(partition.wanted(), 5))
    partition.add(record(2, has_next=True, total=99))
    assert list(islice(partition.wanted(), 5)) == before == []
    assert NODE in str(first)


@pytest.mark.parametrize("kind", ["counting", "no bar"])
def test_a_first_page_that_is_repeated_for_ever_ends_soon(kind: str) -> None:
    shop, partition = crawled(Catalogue(240), most=400, repeats_first_page=kind)
    is_whole = shop.found == shop.catalogue.asins()
    assert cover(partition, Tally(found=len(shop.found))).complete is (True if is_whole else None)
    assert is_whole is (kind == "counting")
    assert shop.requests <= 40


def test_a_rail_that_lists_siblings_and_ancestors_ends() -> None:
    catalogue = Catalogue(prices=[999] * 1_200)
    plain, _ = crawled(catalogue, cap=48)
    shop, partition = crawled(catalogue, cap=48, rail_lists_siblings=True)
    assert shop.requests <= 1.6 * plain.requests
    assert partition.root.asins >= set(plain.found)
    assert partition.root.asins <= catalogue.asins(), "nothing of the department above"


def test_a_part_by_node_that_is_wider_than_the_slice_above_adds_nothing() -> None:
    partition = partition_of()
    partition._widest[LISTING.replace("4851693051", "4851611051")] = 60
    wide = LISTING.replace("4851693051", "4851611051")
    assert partition.is_too_wide(wide, 61)
    assert not partition.is_too_wide(wide, 60)
    assert not partition.is_too_wide(wide, None)
    assert not partition.is_too_wide(LISTING, 10_000)


@pytest.mark.parametrize(
    ("size", "cost", "switches"),
    [
        (5_000, 1.35, {"reshuffle": 0.1, "fluctuating": True}),
        (5_000, 2.0, {"total_factor": 1.02}),
        (5_000, 1.5, {"total_factor": 0.04}),
        (5_000, 1.35, {"total_factor": 0}),
        (5_000, 1.8, {"price_spread": 1.1}),
        (5_000, 1.8, {"price_spread": 100}),
        (2_000, 1.6, {"drop_filter": "p_36"}),
        # Two orders for a handful of products without a price would cost two thirds more.
        (400, 2.0, {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("at_once", [1, 6])
def test_what_a_hostile_shop_costs(
    size: int, cost: float, switches: dict[str, Any], seed: int, at_once: int
) -> None:
    catalogue = Catalogue(size, seed=seed)
    shop, partition = crawled(catalogue, at_once=at_once, cap=306, **switches)
    assert len(shop.priced() & partition.root.asins) >= 0.999 * len(shop.priced())
    assert shop.requests <= cost * size / 24
    found = Tally(found=len(shop.found))
    truth = shop.found == shop.catalogue.asins()
    assert cover(partition, found).complete in ((True, None) if truth else (False, None))


@pytest.mark.parametrize(
    ("switches", "cost", "is_price_refused"),
    [
        ({"reshuffle": 0.1}, 1.35, False),
        ({"total_factor": 1.02}, 2.0, False),
        ({"total_factor": 0}, 1.35, False),
        ({"price_spread": 1.1}, 2.6, True),
        ({"price_spread": 100}, 1.35, True),
        ({"drop_filter": "p_36"}, 1.35, True),
        ({"drop_filter": "p_36", "total_factor": 0}, 2.0, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("at_once", [1, 6])
def test_where_every_product_has_a_price_prices_come_first(
    switches: dict[str, Any], cost: float, is_price_refused: bool, at_once: int
) -> None:
    catalogue = Catalogue(5_000, without_price=0)
    shop, partition = crawled(catalogue, at_once=at_once, cap=306, **switches)
    assert shop.found == catalogue.asins()
    assert shop.requests <= cost * 5_000 / 24
    assert (Way.PRICE in partition.refused) is is_price_refused
    assert cover(partition, Tally(found=5_000)).complete is not False


@pytest.mark.parametrize(
    ("refused", "least"), [("p_123|", 0.999), ("p_123", 0.8)], ids=["groups", "brands"]
)
def test_a_single_price_is_divided_by_what_the_site_does_not_refuse(
    refused: str, least: float
) -> None:
    # Of 800 products at one price, two brands fill a listing of 306.
    catalogue = Catalogue(prices=[999] * 800)
    shop, partition = crawled(catalogue, cap=306, drop_filter=refused)
    assert len(partition.root.asins) >= least * 800
    assert shop.requests <= 4.5 * 800 / 24
    assert Way.BRAND_GROUPS in partition.refused
    assert (Way.BRANDS in partition.refused) is (refused == "p_123")
    ways = {one.way for one in partition.root.with_all_parts()}
    assert (Way.BRANDS if refused == "p_123|" else Way.NODES) in ways
    assert all(part.is_refused is False for part in partition.root.parts)
