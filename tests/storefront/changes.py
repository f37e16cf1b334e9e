"""A day in the shop: prices move, products go and others come, and the shop knows which."""

import random
from dataclasses import dataclass, replace

from tests.storefront.catalogue import NODE, Catalogue, Item

_MOVES = (0.7, 0.85, 0.95, 1.05, 1.2, 1.4)
"""How many times the old price a new one is."""


@dataclass(frozen=True, slots=True)
class Change:
    """How much of the example node changes; shares of its products."""

    moved: float = 0.0
    """Products whose price goes up or down; without a price they keep none."""
    gone: float = 0.0
    new: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Changed:
    """A catalogue after a change, and the truth about it, in ASINs."""

    catalogue: Catalogue
    new: frozenset[str]
    gone: frozenset[str]
    price_up: frozenset[str]
    price_down: frozenset[str]


def changed(before: Catalogue, change: Change) -> Changed:
    """The catalogue after a change; the one before stays as it is."""
    chance = random.Random(change.seed)
    of_node = [item for item in before.items if NODE in item.nodes]
    size = len(of_node)
    gone = frozenset(item.asin for item in chance.sample(of_node, round(change.gone * size)))
    priced = [item for item in of_node if item.asin not in gone and item.price_cents is not None]
    moved = chance.sample(priced, min(len(priced), round(change.moved * size)))
    prices = {item.asin: _moved(item, chance) for item in moved}
    kept = [
        _repriced(item, prices.get(item.asin)) for item in before.items if item.asin not in gone
    ]
    after = before.with_items(kept, round(change.new * size), chance)
    old = before.by_asin
    return Changed(
        catalogue=after,
        new=frozenset(after.by_asin.keys() - old.keys()),
        gone=gone,
        price_up=frozenset(a for a, cents in prices.items() if cents > (old[a].price_cents or 0)),
        price_down=frozenset(a for a, cents in prices.items() if cents < (old[a].price_cents or 0)),
    )


def _moved(item: Item, chance: random.Random) -> int:
    """Another price; at least one cent away from the old one."""
    assert item.price_cents is not None
    factor = chance.choice(_MOVES)
    step = 1 if factor > 1 else -1
    cents = round(item.price_cents * factor)
    return max(1, cents if cents != item.price_cents else item.price_cents + step)


def _repriced(item: Item, cents: int | None) -> Item:
    return item if cents is None else replace(item, price_cents=cents)
