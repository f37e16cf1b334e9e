"""Brands that one slice asks for together: the same brands, none too large, never more pages."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from category_crawler.planning.joined_brands import Group, joined


@given(st.lists(st.integers(0, 90), max_size=9), st.integers(20, 100), st.integers(4, 24))
def test_joined_groups_hold_the_same_brands_on_fewer_pages(
    numbers: list[int], most: int, page_size: int
) -> None:
    given_ = [Group((str(index),), number) for index, number in enumerate(numbers)]
    made = joined(given_, most, page_size)
    assert sorted(value for group in made for value in group.values) == sorted(
        map(str, range(len(numbers)))
    )
    for group in made:
        assert group.products == sum(numbers[int(value)] for value in group.values)
        assert group.products <= most or len(group.values) == 1
    pages = [sum(ceil(one.products / page_size) for one in some) for some in (given_, made)]
    assert pages[1] == pages[0] - (len(given_) - len(made))


def test_the_pair_that_fills_its_pages_best_comes_first() -> None:
    groups = [Group(("a",), 13), Group(("b",), 11), Group(("c",), 5)]
    assert joined(groups, 24, 12)[-1] == Group(("a", "b"), 24)
