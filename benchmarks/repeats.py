"""What a crawl costs that begins with the plan of an earlier one: real crawls of the stand-in shop.

Three crawls of one home: the first, one of the same catalogue, and one after 10 % of the prices
have moved, 3 % of the products have gone and 3 % have come. Both repeats begin with the plan of the
first. The fewest requests are the pages that the products fill.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.changes import Change, changed

A_DAY = Change(moved=0.1, gone=0.03, new=0.03)
_SAME, _CHANGED = 1.05, 1.15
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Repeat:
    """A catalogue that is crawled three times, and how the shop serves it."""

    name: str
    size: int
    switches: dict[str, Any]
    catalogue: dict[str, Any] = field(default_factory=dict)
    same: float = _SAME
    """Most requests for the same catalogue, in the fewest possible."""
    changed: float = _CHANGED
    """The same for the changed one."""


_PRICED = {"without_price": 0}
_306: dict[str, Any] = {"cap": 306}
_48: dict[str, Any] = {"page_size": 48, "page_cap": 7}
REPEATS = (
    Repeat("repeat of 250, no cap", 250, {}),
    Repeat("repeat of 1,000, all priced, 306", 1_000, _306, _PRICED),
    Repeat("repeat of 5,000, all priced, 306", 5_000, _306, _PRICED),
    # Slices by brand and node, for products without a price, cannot be cut to fill their pages.
    Repeat("repeat of 5,000, 306", 5_000, _306, same=1.07),
    Repeat("repeat of 20,000, all priced, 306", 20_000, _306, _PRICED),
    # Such products are looked for on 21 pages of 417, and a slice has but seven pages.
    Repeat("repeat of 20,000, 48 a page, 7 pages", 20_000, _48, same=1.07, changed=1.16),
    Repeat("repeat of 100,000, all priced, 306", 100_000, _306, _PRICED),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One crawl of a repeat."""

    requests: int
    cost: float
    """Requests, in the fewest possible."""
    recall: float
    """Share of the products with a price that were found."""
    complete: bool | None
    is_truthful: bool
    """Whether the coverage claims nothing that is not so."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The three crawls of a repeat."""

    repeat: Repeat
    first: Cost
    same: Cost
    changed: Cost

    @property
    def is_reached(self) -> bool:
        costs = (self.first, self.same, self.changed)
        is_right = all(cost.is_truthful and cost.recall == 1 for cost in costs)
        is_cheap = self.same.cost <= self.repeat.same and self.changed.cost <= self.repeat.changed
        # What was proved at first is proved again.
        return is_right and is_cheap and len({cost.complete for cost in costs}) == 1


def repeated(repeat: Repeat) -> Repeated:
    """Crawl a catalogue three times."""
    catalogue = Catalogue(repeat.size, **repeat.catalogue)
    switches = Switches(page_bytes=0, **repeat.switches)
    with (
        tempfile.TemporaryDirectory() as folder,
        Storefront(catalogue, switches).serve() as shop,
    ):
        home = Home(Path(folder), shop)
        home.settings(QUICK + 'LOG_LEVEL = "WARNING"\n')
        home.make_session()
        first, same = _crawled(home, "local/a"), _crawled(home, "local/b")
        # The third crawl must begin with the plan of the first, too.
        (home.folder / "results" / "local" / "b" / "plan.json").unlink()
        shop.site.catalogue = changed(catalogue, A_DAY).catalogue
        return Repeated(repeat, first, same, _crawled(home, "local/c"))


def _crawled(home: Home, run: str) -> Cost:
    before = len(home.shop.listing_requests)
    ended = home.crawl(run=run, seconds=2 * _HOUR)
    if ended.code:
        raise SystemExit(f"{run}: the crawl failed\n{ended.said}")
    return _cost(home, ended, len(home.shop.listing_requests) - before)


def _cost(home: Home, ended: Ended, requests: int) -> Cost:
    catalogue, found = home.shop.catalogue, {row["asin"] for row in ended.result}
    right = catalogue.asins()
    priced = {asin for asin in right if catalogue.by_asin[asin].price_cents is not None}
    complete = ended.summary["coverage"]["complete"]
    return Cost(
        requests=requests,
        cost=requests / ceil(len(right) / home.shop.switches.page_size),
        recall=len(priced & found) / len(priced),
        complete=complete,
        is_truthful=found <= right and complete in (None, found == right),
    )


def in_words(one: Repeated) -> str:
    """The figures as a sentence."""
    first, same, other = (cost.cost for cost in (one.first, one.same, one.changed))
    return f"  {first:.3f} of the fewest requests, then {same:.3f}, and changed {other:.3f}"


def table(report: Sequence[Repeated]) -> Table:
    """The figures as a table."""
    made = Table("catalogue", "first", "same again", "to reach", "changed", "to reach", "complete")
    for one in report:
        first, same, other = (
            f"{cost.cost:.3f} ({cost.requests:,})" for cost in (one.first, one.same, one.changed)
        )
        complete = ", ".join(
            dict.fromkeys(_told(cost) for cost in (one.first, one.same, one.changed))
        )
        made.add_row(
            *(one.repeat.name, first, same, f"≤ {one.repeat.same}"),
            *(other, f"≤ {one.repeat.changed}", complete),
        )
    return made


def _told(cost: Cost) -> str:
    wrong = "" if cost.is_truthful else ", WRONGLY"
    return f"{cost.complete}{wrong}; {cost.recall:.2%} of the priced"


def chosen(names: Sequence[str]) -> Iterator[Repeat]:
    """The repeats whose names begin as given; all without names."""
    yield from (one for one in REPEATS if not names or one.name.startswith(tuple(names)))
