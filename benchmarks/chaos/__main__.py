"""``python -m benchmarks.chaos [NAME…]``: run trials, print a table, write the report."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.trials import TRIALS
from category_crawler.files.home import PROJECT

_REPORT = PROJECT / "var" / "bench" / "chaos.json"


def main() -> int:
    """Run the trials named, or all; 1 where one does not hold."""
    asked = _arguments()
    if asked.list:
        print(*(trial.name for trial in TRIALS), sep="\n")
        return 0
    console = Console(width=None if sys.stdout.isatty() else 160)
    report = []
    for trial in TRIALS:
        if asked.names and trial.name not in asked.names:
            continue
        console.print(f"{trial.name}: {trial.deed} …", highlight=False)
        outcome = trial.run(asked.times, asked.seed, short=asked.short, keep=asked.keep)
        report.append((trial, outcome))
        for failure in outcome.failures:
            console.print(f"  {failure}", highlight=False, markup=False)
    console.print(_table(report))
    if not asked.short:
        _write(report, asked.seed)
        console.print(f"Written to {_REPORT.relative_to(PROJECT)}")
    return int(not all(outcome.held for _, outcome in report))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a trial's name; default: all")
    parser.add_argument("--short", action="store_true", help="the short form, without a report")
    parser.add_argument("--list", action="store_true", help="print the trials' names")
    parser.add_argument("--times", type=int, help="how often each is done")
    parser.add_argument("--seed", type=int, default=1, help="moments are drawn from it")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the homes there")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {trial.name for trial in TRIALS}:
        parser.error(f"no trial is named {', '.join(unknown)}: {[t.name for t in TRIALS]}")
    return asked


def _table(report: list[tuple[Trial, Outcome]]) -> Table:
    table = Table("trial", "times", "must hold", "held", "seen", "seconds")
    for trial, outcome in report:
        table.add_row(
            trial.deed,
            str(outcome.times),
            trial.must_hold,
            "yes" if outcome.held else f"NO, {len(outcome.failures)} failures",
            ", ".join(f"{name} {number:g}" for name, number in outcome.figures.items()),
            f"{outcome.seconds:.0f}",
        )
    return table


def _write(report: list[tuple[Trial, Outcome]], seed: int) -> None:
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"trial": trial.name, "deed": trial.deed, "must_hold": trial.must_hold, "seed": seed}
        | outcome.values
        for trial, outcome in report
    ]
    _REPORT.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
