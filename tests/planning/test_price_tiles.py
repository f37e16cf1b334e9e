"""Slices by price from the price of every product: no gap, none too large, and full pages."""

from itertools import pairwise
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from category_crawler.listing_url import Bounds, within
from category_crawler.planning.price_tiles import tiles, with_margin
from tests.storefront import Catalogue
from tests.storefront.catalogue import NODE

PRICES = st.lists(st.integers(0, 40) | st.integers(100, 9_999) | st.just(999), max_size=120)
BOUNDS = st.sampled_from([(None, None), (20, None), (None, 5_000), (20, 5_000)])


@given(PRICES, BOUNDS, st.integers(6, 60), st.integers(3, 6))
def test_tiles_hold_the_whole_range_and_none_is_larger_than_the_site_serves(
    prices: list[int], bounds: Bounds, most: int, page_size: int
) -> None:
    made = tiles(prices, bounds, most, page_size)
    inside = [price for price in prices if within(price, bounds)]
    assert bool(made) is bool(inside)
    for tile in made:
        held = [price for price in inside if within(price, tile.bounds)]
        assert tile.products == len(held)
        assert len(held) <= most or len(set(held)) == 1
    if made:
        assert (made[0].bounds[0], made[-1].bounds[1]) == bounds
    for one, following in pairwise(made):
        assert one.bounds[1] is not None
        assert following.bounds[0] == one.bounds[1] + 1


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(12, 40), st.integers(3, 6))
def test_no_other_cuts_take_fewer_pages(prices: list[int], most: int, page_size: int) -> None:
    made = tiles(prices, (None, None), most, page_size)
    if all(tile.products <= most for tile in made):
        pages = sum(ceil(tile.products / page_size) for tile in made)
        assert pages == _fewest(sorted(prices), most, page_size)


def _fewest(prices: list[int], most: int, page_size: int) -> int:
    """By trying every cut between two prices, below the same margin."""
    full = max(1, with_margin(most) // page_size) * page_size
    fewest = [0] + [10**6] * len(prices)
    for end in range(1, len(prices) + 1):
        if end < len(prices) and prices[end] == prices[end - 1]:
            continue
        for begin in range(end):
            is_cut = not begin or prices[begin] != prices[begin - 1]
            is_one_price = prices[begin] == prices[end - 1]
            if is_cut and (end - begin <= full or is_one_price):
                pages = ceil((end - begin) / page_size)
                fewest[end] = min(fewest[end], fewest[begin] + pages)
    return fewest[-1]


def test_real_prices_leave_hardly_a_page_half_empty() -> None:
    items = Catalogue(5_000, without_price=0).items
    prices = [item.price_cents or 0 for item in items if NODE in item.nodes]
    made = tiles(prices, (None, None), 306, 24)
    assert sum(ceil(tile.products / 24) for tile in made) == ceil(5_000 / 24)
    # Another day's products fit as well.
    assert max(tile.products for tile in made) <= 306 - 17


def test_a_price_with_too_many_products_is_a_slice_of_its_own() -> None:
    prices = [100] * 50 + [300] * 500 + [301] * 20
    made = tiles(prices, (None, None), 60, 10)
    assert [(tile.bounds, tile.products) for tile in made] == [
        ((None, 299), 50),
        ((300, 300), 500),
        ((301, None), 20),
    ]
