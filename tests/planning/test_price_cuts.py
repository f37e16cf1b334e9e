"""Price cuts: no gap, no overlap, and parts of similar size."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from category_crawler.listing_url import Bounds, within
from category_crawler.planning.price_cuts import Sample, can_be_cut, cut

CENTS = st.integers(0, 500_000)


@st.composite
def ranges(draw: st.DrawFn) -> Bounds:
    low, high = draw(st.none() | CENTS), draw(st.none() | CENTS)
    return (low, high) if low is None or high is None or low <= high else (high, low)


@given(ranges(), st.lists(CENTS | st.integers(1, 4), max_size=60), st.integers(1, 5), st.data())
def test_parts_are_the_range_without_gap_or_overlap(
    bounds: Bounds, prices: list[int], weight: int, data: st.DataObject
) -> None:
    parts = cut(bounds, Sample(prices, weight * len(prices)), data.draw(st.integers(1, 400)))
    if not parts:
        return
    assert len(parts) > 1
    assert (parts[0][0], parts[-1][1]) == bounds
    for (_, high), (low, _) in pairwise(parts):
        assert high is not None
        assert low == high + 1
    assert all(low is None or high is None or low <= high for low, high in parts)


@given(ranges(), st.lists(CENTS, min_size=1, max_size=60))
def test_a_range_of_several_prices_is_always_cut_where_one_was_seen(
    bounds: Bounds, prices: list[int]
) -> None:
    inside = [price for price in prices if within(price, bounds)]
    parts = cut(bounds, Sample(prices, 1000), 10)
    assert bool(parts) is (bool(inside) and can_be_cut(bounds))


def test_cuts_lie_where_the_products_are_not_in_the_arithmetic_middle() -> None:
    prices = [*range(1000, 2000, 10), 90_000]
    parts = cut((None, None), Sample(prices, 101), 60)
    assert parts[0][1] is not None
    assert 1200 < parts[0][1] < 1800


@pytest.mark.parametrize(("total", "least", "most"), [(600, 3, 4), (5_000, 20, 30)])
def test_the_number_of_parts_is_chosen_at_once(total: int, least: int, most: int) -> None:
    prices = list(range(1000, 4000, 10))
    assert least <= len(cut((None, None), Sample(prices, total), 306)) <= most


def test_few_prices_seen_make_few_cuts() -> None:
    assert len(cut((None, None), Sample(list(range(0, 240, 10)), 60_000), 306)) <= 6


def test_a_price_with_too_many_products_stands_alone() -> None:
    prices = [*range(1000, 1400, 10), *[1499] * 40, *range(1500, 1900, 10)]
    parts = cut((None, None), Sample(prices, 1200), 306)
    assert (1499, 1499) in parts


def test_a_single_price_is_not_cut() -> None:
    assert cut((1499, 1499), Sample([1499] * 20, 900), 306) == []
    assert cut((None, 0), Sample([0], 900), 306) == []
