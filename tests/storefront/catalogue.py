"""The shop's products, made from a seed, and the right answer to any query."""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

DEPARTMENT = "4851611051"
NODE = "4851693051"
SUB_NODES = {"5130770051": "Desk Lamps", "5130771051": "Floor Lamps", "5130772051": "Light Strips"}
OTHER_NODE = "4851694051"
EMPTY_NODE = "4851999051"
NODE_NAMES = {
    DEPARTMENT: "Home",
    NODE: "Lighting",
    **SUB_NODES,
    OTHER_NODE: "Candles",
    EMPTY_NODE: "Lanterns",
}
BRANDS = {
    str(310000 + number): name
    for number, name in enumerate(
        ["Aurelo", "Brightwick", "Calluna", "Dovetail", "Emberly", "Fenwright", "Glowmere"]
    )
}
_KINDS = ("Lamp", "Lantern", "Bulb Set", "Light Strip", "Torch", "Night Light")
_STYLES = ("Brass", "Linen", "Bamboo", "Smoked Glass", "Matte Black", "Ceramic", "Walnut")
_RANDOM_CENTS = 0.25


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the shop; prices in cents of the marketplace's own currency."""

    number: int
    asin: str
    title: str
    brand: str
    """A key of BRANDS."""
    nodes: tuple[str, ...]
    """Nodes from the department down."""
    price_cents: int | None
    list_price_cents: int | None
    rating: float
    reviews: int
    prime: bool
    ships_in_days: int
    """Days until delivery: 1 is tomorrow, 2 within two days, more is later."""
    advertised_only: bool = False
    """True: never an organic result."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a query asks for, without the terms that the shop ignores."""

    node: str | None = None
    low: int | None = None
    high: int | None = None
    prime: bool | None = None
    within_days: int | None = None
    brands: frozenset[str] = frozenset()
    price_spread: float = 1.0
    """A product matches from its price to this many times its price."""

    def admits(self, item: Item) -> bool:
        return (
            (self.node is None or self.node in item.nodes)
            and self._admits_price(item.price_cents)
            and (self.prime is None or item.prime is self.prime)
            and (self.within_days is None or item.ships_in_days <= self.within_days)
            and (not self.brands or item.brand in self.brands)
        )

    @property
    def has_price(self) -> bool:
        return self.low is not None or self.high is not None

    def _admits_price(self, cents: int | None) -> bool:
        if not self.has_price:
            return True
        return (
            cents is not None
            and (self.low is None or cents * self.price_spread >= self.low)
            and (self.high is None or cents <= self.high)
        )


class Catalogue:
    """``size`` products in the contract's example node, and some more in a sibling node.

    ``prices`` (cents, None for no price) replaces the generated prices of the example node, and
    sets the number of its products.
    """

    def __init__(
        self,
        size: int = 120,
        seed: int = 1,
        *,
        without_price: float = 0.03,
        at_piles: float = 0.0,
        piles: int = 10,
        advertised_only: int = 6,
        prices: Sequence[int | None] | None = None,
    ) -> None:
        size = size if prices is None else len(prices)
        self.size = size
        self._random = random.Random(seed)
        self._without_price = without_price
        self._at_piles = at_piles
        self._pile_prices = [round(2000 * 1.31**n) - 1 for n in range(piles)]
        beside = max(10, size // 5)
        self.items = [self._make(number, NODE) for number in range(size)]
        if prices is not None:
            self.items = [
                replace(item, price_cents=cents, list_price_cents=None)
                for item, cents in zip(self.items, prices, strict=True)
            ]
        self.items += [self._make(size + number, OTHER_NODE) for number in range(beside)]
        self.advertised = [
            self._make(size + beside + number, NODE, advertised_only=True)
            for number in range(advertised_only)
        ]
        ranks = list(range(len(self.items)))
        self._random.shuffle(ranks)
        self._ranks: list[float] = [*ranks]
        """The place of each product in the default order, by number."""
        self._made = len(self.items) + advertised_only
        """Number of products ever made."""
        self.by_asin = {item.asin: item for item in (*self.items, *self.advertised)}

    def with_items(self, kept: Iterable[Item], new: int, chance: random.Random) -> "Catalogue":
        """A catalogue of these items and ``new`` other ones in the example node.

        Products that are in both catalogues stand in the same order.
        """
        made = copy(self)
        made.__dict__.pop("_by_price", None)
        made._random, made._made = chance, self._made + new
        places = range(len(self._ranks), made._made)
        made._ranks = [*self._ranks, *(chance.uniform(0, len(self.items)) for _ in places)]
        others = [made._make(number, NODE) for number in range(self._made, made._made)]
        made.items = [*kept, *others]
        made.size = sum(NODE in item.nodes for item in made.items)
        made.by_asin = {item.asin: item for item in (*made.items, *made.advertised)}
        return made

    @lru_cache(maxsize=64)  # noqa: B019, the cache lives as long as the shop
    def select(self, selection: Selection, order: str = "") -> tuple[Item, ...]:
        """The right answer: every organic product of the selection, in this order."""
        found = [item for item in self._candidates(selection) if selection.admits(item)]
        found.sort(key=lambda item: self._order_key(order, item))
        return tuple(found)

    def asins(self, **asked: object) -> set[str]:
        """The ASINs of a selection with these fields; the default node is the example node."""
        selection = Selection(**({"node": NODE} | asked))  # type: ignore[arg-type]
        return {item.asin for item in self.select(selection)}

    @cached_property
    def _by_price(self) -> tuple[list[int], list[Item]]:
        priced = sorted(
            (item for item in self.items if item.price_cents is not None),
            key=lambda item: item.price_cents or 0,
        )
        return [item.price_cents or 0 for item in priced], priced

    def _candidates(self, selection: Selection) -> list[Item]:
        if not selection.has_price:
            return self.items
        prices, priced = self._by_price
        least = (selection.low or 0) / selection.price_spread
        low = bisect_left(prices, least)
        high = len(prices) if selection.high is None else bisect_right(prices, selection.high)
        return priced[low:high]

    def _order_key(self, order: str, item: Item) -> tuple[float, int]:
        rank = self._ranks[item.number]
        cents = math.inf if item.price_cents is None else item.price_cents
        keys = {
            "price-asc-rank": cents,
            "price-desc-rank": -cents if item.price_cents is not None else math.inf,
            "review-rank": -item.rating,
            "date-desc-rank": -item.number,
            "exact-aware-popularity-rank": -item.reviews,
        }
        return (keys.get(order, 0), rank)

    def _make(self, number: int, node: str, *, advertised_only: bool = False) -> Item:
        rand = self._random
        brand = rand.choice(list(BRANDS))
        cents = self._price()
        sub = (rand.choice(list(SUB_NODES)),) if node == NODE else ()
        return Item(
            number=number,
            asin=_asin(number),
            title=f"{BRANDS[brand]} {rand.choice(_STYLES)} {rand.choice(_KINDS)} No. {number}",
            brand=brand,
            nodes=(DEPARTMENT, node, *sub),
            price_cents=cents,
            list_price_cents=round(cents * 1.3) if cents and rand.random() < 0.3 else None,
            rating=rand.randint(25, 50) / 10,
            reviews=int(rand.lognormvariate(4, 1.5)),
            prime=rand.random() < 0.6,
            ships_in_days=rand.choices((1, 2, 5), (0.25, 0.35, 0.4))[0],
            advertised_only=advertised_only,
        )

    def _price(self) -> int | None:
        rand = self._random
        if rand.random() < self._without_price:
            return None
        if rand.random() < self._at_piles:
            return rand.choice(self._pile_prices)
        cents = max(150, int(rand.lognormvariate(math.log(4000), 1.0)))
        return cents if rand.random() < _RANDOM_CENTS else cents // 100 * 100 + 99


def _asin(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    # An odd multiplier below 36**8 spreads neighbours and never repeats an ASIN.
    value, text = (number * 2_147_483_647 + 77_777) % 36**8, ""
    for _ in range(8):
        value, digit = divmod(value, 36)
        text = digits[digit] + text
    return f"B0{text}"
