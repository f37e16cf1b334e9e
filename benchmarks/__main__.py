"""Runs every benchmark, prints a table and writes ``var/bench/speed.json``."""

import argparse
import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from benchmarks import (
    crawling,
    data,
    large_result,
    memory,
    polling,
    reading,
    scraping,
    serving,
    starting,
)
from benchmarks.comparison import Row
from category_crawler.files.home import PROJECT
from tests.samples import listings, real_listings

_BENCHMARKS: tuple[Callable[[], Iterator[Row]], ...] = (
    reading.rows,
    crawling.rows,
    memory.rows,
    starting.rows,
    large_result.rows,
    data.rows,
    serving.rows,
    polling.rows,
    scraping.rows,
)
"""Each yields its rows as they are measured."""
_REPORT = PROJECT / "var" / "bench" / "speed.json"


def main() -> None:
    """Measure, write, print; a target that is missed is shown, and is no failure."""
    argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__).parse_args()
    console = Console()
    pages = f"{len(listings())} {'real' if real_listings() else 'generated'} listing pages"
    console.print(f"Measuring on {pages}; a few minutes …")
    rows = [row for benchmark in _BENCHMARKS for row in _said(benchmark(), console)]
    _write(rows, pages)
    console.print(_table(rows))
    console.print(f"Written to {_REPORT.relative_to(PROJECT)}")


def _said(rows: Iterator[Row], console: Console) -> Iterator[Row]:
    for row in rows:
        console.print(f"  {row.what}, {row.against}: {row.ratio:.2f}", highlight=False)
        yield row


def _write(rows: list[Row], pages: str) -> None:
    report = {
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "pages": pages,
        "rows": [asdict(row) | {"reached": row.reached} for row in rows],
    }
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n")


def _table(rows: list[Row]) -> Table:
    table = Table("what", "against", "ratio", "target", "reached")
    for row in rows:
        target = f"{'≤' if row.at_most else '≥'} {row.target:g}"
        reached = "yes" if row.reached else "no"
        table.add_row(row.what, row.against, f"{row.ratio:.2f}", target, reached)
    return table


if __name__ == "__main__":
    main()
