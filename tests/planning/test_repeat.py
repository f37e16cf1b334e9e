"""The plan of a category that was crawled before: as complete as the first, and cheaper."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from category_crawler.planning.known_plan import KnownPlan, KnownSlice
from category_crawler.planning.plan import Limits, Plan
from tests.paper_shop import PaperShop
from tests.planning.repeats import JOB, Planned, planned
from tests.storefront import Catalogue, Switches
from tests.storefront.changes import Change, changed

PRICES = st.lists(
    st.none() | st.integers(0, 30) | st.integers(100, 100_000) | st.just(999), max_size=260
)
A_DAY = Change(moved=0.1, gone=0.03, new=0.03)


def known_of(first: Planned) -> KnownPlan:
    known = first.known
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("size", "catalogue", "switches", "same", "other"),
    [
        (250, {}, {}, 1.0, 1.1),
        (1_000, {"without_price": 0}, {"cap": 306}, 1.05, 1.15),
        (5_000, {"without_price": 0}, {"cap": 306}, 1.05, 1.15),
        # By brand and node, because of products without a price; such slices cannot be cut to fit.
        (5_000, {}, {"cap": 306}, 1.07, 1.15),
        (20_000, {"without_price": 0}, {"cap": 306}, 1.05, 1.15),
        (20_000, {}, {"cap": 306}, 1.05, 1.15),
    ],
)
def test_a_repeat_costs_little_more_than_its_full_pages(
    size: int, catalogue: dict[str, Any], switches: dict[str, Any], same: float, other: float
) -> None:
    before = Catalogue(size, **catalogue)
    first = planned(before, **switches)
    again = planned(before, known_of(first), **switches)
    later = planned(changed(before, A_DAY).catalogue, known_of(first), **switches)
    assert again.cost <= same
    assert later.cost <= other
    assert again.cost < first.cost
    for run in (again, later):
        assert run.shop.priced() <= run.found
        assert run.coverage.complete is first.coverage.complete


@pytest.mark.parametrize("days", [4])
def test_plans_do_not_wear_out_over_many_runs(days: int) -> None:
    catalogue, known, costs = Catalogue(3_000, without_price=0), None, list[float]()
    for day in range(days):
        run = planned(catalogue, known, cap=306)
        assert (run.is_whole, run.coverage.complete) == (True, True)
        costs.append(run.cost)
        known = known_of(run)
        catalogue = changed(catalogue, replace(A_DAY, seed=day)).catalogue
    assert max(costs[1:]) <= 1.15


@settings(max_examples=40, deadline=None)
@given(PRICES, PRICES, st.sampled_from([16, 24]), st.integers(48, 120))
def test_no_product_with_a_price_is_lost_whatever_is_known(
    before: list[int | None], after: list[int | None], page_size: int, cap: int
) -> None:
    switches: dict[str, Any] = {"page_size": page_size, "cap": cap, "rounded_above": 150}
    known = planned(Catalogue(prices=before), **switches).known
    run = planned(Catalogue(prices=after), known, **switches)
    assert run.shop.priced() <= run.found <= run.shop.catalogue.asins()
    assert run.coverage.complete in ((True, None) if run.is_whole else (False, None))


@settings(max_examples=25, deadline=None)
@given(PRICES, st.integers(0, 99), st.sampled_from([0, 48, 100]), st.booleans())
def test_a_shop_that_begins_to_lie_is_never_wrongly_complete(
    prices: list[int | None], seed: int, cap: int, reshuffle: bool
) -> None:
    catalogue = Catalogue(prices=prices, seed=seed)
    known = planned(catalogue, cap=cap or 100).known
    trouble: dict[str, Any] = {"fluctuating": True, "reshuffle": 0.1 * reshuffle}
    run = planned(catalogue, known, cap=cap, most=2_000, **trouble)
    assert run.found <= catalogue.asins()
    assert run.is_whole or not run.coverage.complete


@pytest.mark.parametrize(
    "now",
    [
        {"cap": 120},
        {"cap": 480},
        {"page_size": 48, "cap": 306},
        {"cap": 306, "drop_filter": "p_36"},
        {"cap": 306, "total_factor": 1.02},
        {"cap": 306, "price_spread": 1.5},
        {"cap": 306, "advertise_total": True},
    ],
)
def test_a_shop_that_serves_otherwise_now_is_crawled_as_well_as_at_first(
    now: dict[str, Any],
) -> None:
    catalogue = Catalogue(1_500, without_price=0)
    known = known_of(planned(catalogue, cap=306))
    first, again = planned(catalogue, **now), planned(catalogue, known, **now)
    assert len(again.found) >= 0.99 * len(first.found)
    assert again.coverage.complete in (first.coverage.complete, None) or again.is_whole


def test_a_way_that_the_shop_refused_is_not_tried_again() -> None:
    catalogue, switches = Catalogue(1_000, without_price=0), {"cap": 306, "drop_filter": "p_36"}
    first = planned(catalogue, **switches)
    again = planned(catalogue, known_of(first), **switches)
    assert (again.plan.is_repeat, again.is_whole) == (True, True)
    assert not any("p_36" in str(walk.listing) for walk in again.plan._partition.walks)
    assert again.cost < first.cost


def test_a_price_that_its_brands_do_not_hold_is_asked_for_its_total_again() -> None:
    catalogue = Catalogue(prices=[999] * 200 + list(range(2_000, 2_400)))
    first = planned(catalogue, cap=120, brands=4)
    known = known_of(first)
    (pile,) = (part for part in known.parts if part.term.endswith("-999"))
    assert (pile.total > 120, pile.parts) == (True, ())
    again = planned(catalogue, known, cap=120, brands=4)
    assert len(again.found) >= len(first.found)
    assert again.is_whole or again.coverage.complete is not True


def test_slices_of_another_delivery_day_s_filter_value_are_not_used() -> None:
    catalogue = Catalogue(400, without_price=0)
    known = known_of(planned(catalogue, cap=120))
    other = known.model_copy(update={"listing": f"{known.listing}%2Cp_90%3A1"})
    run = planned(catalogue, other, cap=120)
    assert (run.plan.is_repeat, run.is_whole) == (False, True)


def test_slices_that_have_grown_past_what_is_served_are_divided_again() -> None:
    first = planned(Catalogue(prices=list(range(100, 1_100))), cap=306)
    prices = [*range(100, 1_100), *(price for price in range(100, 400) for _ in range(2))]
    run = planned(Catalogue(prices=prices), known_of(first), cap=306)
    assert (run.plan.is_repeat, run.is_whole, run.coverage.complete) == (True, True, True)


def test_a_category_that_fits_into_one_listing_now_is_walked_as_one() -> None:
    first = planned(Catalogue(400, without_price=0), cap=306)
    run = planned(Catalogue(300, without_price=0), known_of(first), cap=306)
    assert (run.plan.is_repeat, run.is_whole, run.coverage.slices) == (False, True, 1)


def test_a_price_with_too_many_products_is_not_asked_for_its_total() -> None:
    catalogue = Catalogue(prices=[999] * 600 + list(range(2_000, 2_400)))
    first = planned(catalogue, cap=120)
    again = planned(catalogue, known_of(first), cap=120)
    pile = f"{JOB.listing.with_price(None, 999)}"
    assert (again.is_whole, again.coverage.complete) == (True, True)
    assert not any(
        str(one.listing) == pile and one.first.length
        for one in again.plan._partition.root.with_all_parts()
    )


@pytest.mark.parametrize("new_brand", ["310099", "310006"])
def test_products_of_a_brand_that_was_not_known_are_missed_by_the_total_and_found(
    new_brand: str,
) -> None:
    catalogue = Catalogue(prices=[999] * 300 + list(range(2_000, 2_400)))
    known = known_of(planned(catalogue, cap=120))
    known = without_brand(known, new_brand)
    run = planned(catalogue, known, cap=120)
    assert run.plan.is_repeat
    assert run.is_whole or run.coverage.complete is not True
    assert len(run.found) >= 0.97 * 700


def without_brand(known: KnownPlan, brand: str) -> KnownPlan:
    """A plan that never knew a brand."""
    return known.model_copy(update={"parts": tuple(_without(p, brand) for p in known.parts)})


def _without(part: KnownSlice, brand: str) -> KnownSlice:
    code, _, value = part.term.partition(":")
    values = [one for one in value.split("|") if one != brand]
    parts = tuple(_without(one, brand) for one in part.parts)
    return part.model_copy(update={"term": f"{code}:{'|'.join(values)}", "parts": parts})


def test_products_without_a_price_cost_one_request_to_prove_the_others() -> None:
    catalogue = Catalogue(
        prices=[None] * 40 + [999] * 400 + [1_999] * 400 + list(range(2_000, 9_000))
    )
    first = planned(catalogue, cap=120)
    again = planned(catalogue, known_of(first), cap=120)
    assert again.shop.priced() <= again.found
    assert again.coverage.complete is not True
    root = again.plan._partition.root
    divided = [one for one in root.with_all_parts() if one.parts and one is not root]
    assert len(divided) == 2
    assert not any(one.first.length for one in divided)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 80), st.integers(1, 50))
def test_a_replayed_journal_leads_to_the_same_repeat(cut_at: int, seed: int) -> None:
    catalogue = Catalogue(700, without_price=0, seed=3)
    known = known_of(planned(catalogue, cap=120))
    shop = PaperShop(changed(catalogue, replace(A_DAY, seed=seed)).catalogue, Switches(cap=120))
    plan, journal = Plan(JOB, (), Limits(), known), []
    for _ in range(cut_at):
        if (asked := next(plan.wanted, None)) is not None:
            journal.append(shop.answer(asked))
            plan.add(journal[-1])
    again = Plan(JOB, journal, Limits(), known)
    assert list(again.wanted) == list(plan.wanted)
    # Without the copy of what was known it is planned as a first run, and still ends.
    anew = Plan(JOB, journal, Limits())
    while (asked := next(anew.wanted, None)) is not None:
        anew.add(shop.answer(asked))
    assert shop.found == shop.catalogue.asins()


def test_an_audit_of_the_same_total_is_not_made_again_in_a_small_category() -> None:
    catalogue = Catalogue(250)
    first = planned(catalogue)
    again = planned(catalogue, known_of(first))
    later = planned(Catalogue(300), known_of(first))
    assert first.coverage.audit is not None
    assert (again.coverage.audit, again.shop.requests) == (None, 11)
    assert later.coverage.audit is not None
    assert not known_of(again).is_vouched
