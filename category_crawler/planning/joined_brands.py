"""Joins slices by brand whose totals are known, so that fewer pages are left half empty. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil


@dataclass(frozen=True, slots=True)
class Group:
    """Brands that one slice asks for together, and its products."""

    values: tuple[str, ...]
    products: int


def joined(groups: Sequence[Group], most: int, page_size: int) -> list[Group]:
    """The same brands in groups of at most ``most`` products; two become one where that saves a
    page, those first that fill their pages best."""
    made = list(groups)
    while pair := _best_pair(made, most, page_size):
        one, other = pair
        made = [group for group in made if group not in pair]
        made.append(Group((*one.values, *other.values), one.products + other.products))
    return made


def _best_pair(groups: Sequence[Group], most: int, page_size: int) -> tuple[Group, Group] | None:
    pairs = (
        (pair, sum(group.products for group in pair))
        for pair in combinations(groups, 2)
        if _pages(pair, page_size) > ceil(sum(group.products for group in pair) / page_size)
    )
    fitting = ((-products % page_size, pair) for pair, products in pairs if products <= most)
    best = min(fitting, key=lambda one: one[0], default=None)
    return best[1] if best else None


def _pages(groups: Sequence[Group], page_size: int) -> int:
    return sum(ceil(group.products / page_size) for group in groups)
