"""Plans of a simulated shop, run after run."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from category_crawler.job import CategoryJob
from category_crawler.planning.known_plan import KnownPlan
from category_crawler.planning.plan import Limits, Plan
from category_crawler.run.records import Coverage
from tests.paper_shop import PaperShop
from tests.records import LISTING, MOMENT
from tests.storefront import Catalogue, Switches

JOB = CategoryJob.from_arguments({"category_url": LISTING})


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan at its end."""

    plan: Plan
    shop: PaperShop
    prices: dict[str, int | None]
    """Of every product found, by ASIN."""

    @property
    def found(self) -> set[str]:
        return set(self.prices)

    @property
    def is_whole(self) -> bool:
        return self.found == self.shop.catalogue.asins()

    @property
    def unpriced(self) -> int:
        return sum(cents is None for cents in self.prices.values())

    @property
    def coverage(self) -> Coverage:
        return self.plan.coverage(len(self.found), self.unpriced)

    @property
    def cost(self) -> float:
        """Requests, in those that the products need if every page is full."""
        return self.shop.requests / self.fewest

    @property
    def fewest(self) -> int:
        return max(1, ceil(len(self.shop.catalogue.asins()) / self.shop.switches.page_size))

    @property
    def known(self) -> KnownPlan | None:
        """What it leaves for the next run, as it comes back from the file."""
        known = self.plan.for_next(
            [cents for cents in self.prices.values() if cents is not None],
            self.unpriced,
            MOMENT,
            is_complete=self.coverage.complete is True,
        )
        return KnownPlan.model_validate_json(known.model_dump_json()) if known else None


def planned(
    catalogue: Catalogue,
    known: KnownPlan | None = None,
    most: int = 20_000,
    brands: int | None = None,
    **switches: Any,
) -> Planned:
    """Answer a plan's requests to its end; the rail offers so many ``brands``, or all."""
    shop = PaperShop(catalogue, Switches(**switches))
    shop.brands = shop.brands[:brands]
    plan = Plan(JOB, (), Limits(), known)
    prices: dict[str, int | None] = {}
    while (asked := next(plan.wanted, None)) is not None:
        record = shop.answer(asked)
        for asin, cents in zip(record.asins, record.prices, strict=True):
            prices.setdefault(asin, cents)
        plan.add(record)
        assert shop.requests <= most, "the plan does not end"
    return Planned(plan, shop, prices)
