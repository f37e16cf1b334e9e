"""How complete a crawl is, and at what cost: real crawls of the stand-in shop.

``make bench-coverage`` crawls catalogues that the shop caps, beside each a plain walk of the one
listing, holds the rows against the shop's own catalogue, prints a table and writes
``var/bench/coverage.json``. Requests are listing requests, robots.txt and retries apart. Then it
crawls some catalogues again, as :mod:`benchmarks.repeats` says. Without names it also runs the
simulations, which make no pages.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.repeats import REPEATS, Repeated, chosen, in_words, repeated, table
from benchmarks.simulations import Figure, figures
from category_crawler.files.home import PROJECT
from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches

_REPORT = PROJECT / "var" / "bench" / "coverage.json"
_FILTERED = {
    "filter_prime_ships_from_au": "true",
    "filter_delivery_day": "within_2_days",
    "price_min_cents": 1000,
    "price_max_cents": 20000,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A catalogue, how the shop serves it, and what is to be reached."""

    name: str
    size: int
    recall: float
    """Least share of the products with a price that are found."""
    cost: float
    """Most requests, in pages that the products would fill."""
    switches: dict[str, Any] = field(default_factory=dict)
    catalogue: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    selection: dict[str, Any] = field(default_factory=dict)


TRIALS = (
    # One page of twelve is the audit's.
    Trial("250, no cap", 250, 1.0, 1.2),
    Trial("5,000, 306 a listing", 5_000, 0.999, 1.35, {"cap": 306}),
    Trial("60,000, 48 a page, 7 pages", 60_000, 0.999, 1.35, {"page_size": 48, "page_cap": 7}),
    Trial(
        *("60,000, half at ten prices, 20 pages", 60_000, 0.97, 2.5),
        switches={"page_cap": 20},
        catalogue={"at_piles": 0.5},
    ),
    Trial("400, 306 a listing", 400, 0.999, 2.5, {"cap": 306}),
    Trial(
        *("5,000, totals 2 % too high, 306", 5_000, 0.97, 2.5),
        switches={"cap": 306, "total_factor": 1.02},
    ),
    Trial(
        *("5,000, totals far too low, 306", 5_000, 0.97, 2.5),
        switches={"cap": 306, "total_factor": 0.04},
    ),
    Trial("5,000, no total, 306", 5_000, 0.97, 2.5, {"cap": 306, "total_factor": 0}),
    Trial(
        *("5,000, each sold from X to 5 X, 306", 5_000, 0.97, 2.5),
        switches={"cap": 306, "price_spread": 5.0},
        catalogue={"without_price": 0},
    ),
    Trial(
        *("2,000, sold from X to 1.05 X, no price named, 306", 2_000, 0.97, 2.5),
        switches={"cap": 306, "price_spread": 1.05, "keep_summary": False},
        catalogue={"without_price": 0},
    ),
    Trial(
        *("2,000, price filter ignored, 306", 2_000, 0.97, 2.5),
        switches={"cap": 306, "drop_filter": "p_36"},
        catalogue={"without_price": 0},
    ),
    Trial(
        *("800 at one price, several brands ignored, 306", 800, 0.97, 2.5),
        switches={"cap": 306, "drop_filter": "p_123|"},
        catalogue={"at_piles": 1.0, "piles": 1, "without_price": 0},
    ),
    Trial(
        *("1,000, other offers on most cards, 306", 1_000, 0.999, 2.5),
        switches={"cap": 306, "mixed_offers": True},
    ),
    Trial(
        *("5,000, reshuffled, totals fluctuating, 306", 5_000, 0.995, 2.5),
        switches={"cap": 306, "reshuffle": 0.1, "fluctuating": True},
    ),
    Trial(
        *("5,000, price bounds, Prime, delivery day, 306", 5_000, 0.999, 1.5),
        switches={"cap": 306},
        arguments=_FILTERED,
        selection={"prime": True, "within_days": 2, "low": 1000, "high": 20000},
    ),
    Trial(
        *("5,000, rounded totals without metadata, 306", 5_000, 0.999, 1.35),
        switches={"cap": 306, "metadata": "absent"},
    ),
    Trial(
        *("1,000, says that the 240 it serves are all", 1_000, 0.97, 2.5),
        switches={"cap": 240, "caps_its_count": True},
    ),
    Trial(
        # A listing shows a tenth; slices of one page each need more than twice the pages.
        *("240, page 1 for ever, bar goes on counting", 240, 0.97, 4),
        switches={"repeats_first_page": "counting"},
    ),
    Trial(
        *("240, page 1 for ever, no bar", 240, 0.05, 1.0),
        switches={"repeats_first_page": "no bar"},
    ),
    Trial(
        *("1,200 at one price, rail lists siblings, 120", 1_200, 0.97, 2.5),
        switches={"cap": 120, "rail_lists_siblings": True},
        catalogue={"at_piles": 1.0, "piles": 1},
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one crawl found, held against the catalogue."""

    products: int
    """Right answers, with and without a price."""
    recall: float
    """Share of the right answers with a price that were found."""
    recall_without_price: float | None
    foreign: int
    """Rows that are no right answer."""
    doubled: int
    requests: int
    cost: float
    """Requests in pages that the right answers would fill."""
    complete: bool | None
    is_complete: bool
    """The truth."""
    at_least: float | None
    """The audit's lower bound of the share found; None without an audit."""
    slices: int

    @property
    def is_truthful(self) -> bool:
        """Whether the coverage claims nothing that is not so."""
        return self.complete is None or self.complete is self.is_complete


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials whose names begin as given, or all; 1 where a figure is not reached."""
    names = _names(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    trials = [one for one in TRIALS if not names or one.name.startswith(tuple(names))]
    report = []
    for trial in trials:
        console.print(f"Crawling {trial.name} …", highlight=False)
        whole, plain = _outcome(trial), _outcome(trial, whole="false")
        report.append((trial, whole, plain))
    again = []
    for repeat in chosen(names):
        console.print(f"Crawling three times: {repeat.name} …", highlight=False)
        again.append(repeated(repeat))
        console.print(in_words(again[-1]), highlight=False)
    if report:
        console.print(_table(report))
    if again:
        console.print(table(again))
    simulated = [] if names else list(figures())
    for one in simulated:
        console.print(f"{one.what}: {one.value:.3f}, at most {one.most}", highlight=False)
    _write(report, again, simulated)
    console.print(f"Written to {_REPORT.relative_to(PROJECT)}")
    is_reached = all(_reached(trial, whole) for trial, whole, _ in report)
    is_reached &= all(one.is_reached for one in again)
    return int(not (is_reached and all(one.value <= one.most for one in simulated)))


def _names(arguments: Sequence[str] | None) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("name", nargs="*", help="how a trial's name begins; default: all trials")
    names: list[str] = parser.parse_args(arguments).name
    known = [one.name for one in (*TRIALS, *REPEATS)]
    for name in names:
        if not any(one.startswith(name) for one in known):
            parser.error(f"no trial begins with {name!r}: {'; '.join(known)}")
    return names


def _outcome(trial: Trial, **arguments: Any) -> Outcome:
    catalogue = Catalogue(trial.size, **trial.catalogue)
    switches = Switches(page_bytes=0, **trial.switches)
    with (
        tempfile.TemporaryDirectory() as folder,
        Storefront(catalogue, switches).serve() as shop,
    ):
        home = Home(Path(folder), shop)
        home.settings(QUICK + 'LOG_LEVEL = "WARNING"\n')
        home.make_session()
        ended = home.crawl(seconds=3_600, **trial.arguments, **arguments)
        if ended.code:
            raise SystemExit(f"{trial.name}: the crawl failed\n{ended.said}")
        return _held_against(catalogue, trial, ended, len(shop.listing_requests))


def _held_against(catalogue: Catalogue, trial: Trial, ended: Ended, requests: int) -> Outcome:
    right = catalogue.asins(**trial.selection)
    priced = {asin for asin in right if catalogue.by_asin[asin].price_cents is not None}
    unpriced = right - priced
    found = set(ended.asins)
    coverage = ended.summary["coverage"]
    size = trial.switches.get("page_size", Switches().page_size)
    return Outcome(
        products=len(right),
        recall=len(priced & found) / len(priced),
        recall_without_price=len(unpriced & found) / len(unpriced) if unpriced else None,
        foreign=len(found - right),
        doubled=len(ended.asins) - len(found),
        requests=requests,
        cost=requests / (len(right) / size),
        complete=coverage["complete"],
        is_complete=found == right,
        at_least=(coverage["audit"] or {}).get("at_least"),
        slices=coverage["slices"],
    )


def _reached(trial: Trial, whole: Outcome) -> bool:
    is_right = not whole.foreign and not whole.doubled and whole.is_truthful
    return is_right and whole.recall >= trial.recall and whole.cost <= trial.cost


def _table(report: list[tuple[Trial, Outcome, Outcome]]) -> Table:
    table = Table(
        "catalogue", "recall", "to reach", "cost", "to reach", "wrong", "complete", "audit", "plain"
    )
    for trial, whole, plain in report:
        table.add_row(
            trial.name,
            f"{whole.recall:.2%}",
            f"≥ {trial.recall:.1%}",
            f"{whole.cost:.2f} ({whole.requests})",
            f"≤ {trial.cost}",
            f"{whole.foreign} foreign, {whole.doubled} doubled",
            f"{whole.complete}{'' if whole.is_truthful else ', WRONGLY'}",
            "-" if whole.at_least is None else f"≥ {whole.at_least:.1%}",
            f"{plain.recall:.1%} at {plain.cost:.2f}",
        )
    return table


def _write(
    report: list[tuple[Trial, Outcome, Outcome]],
    again: list[Repeated],
    simulated: list[Figure],
) -> None:
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        asdict(trial)
        | {"whole": asdict(whole), "plain": asdict(plain), "reached": _reached(trial, whole)}
        for trial, whole, plain in report
    ]
    written = {
        "crawls": rows,
        "repeats": [asdict(one) | {"reached": one.is_reached} for one in again],
        "simulations": [asdict(one) for one in simulated],
    }
    _REPORT.write_text(json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
