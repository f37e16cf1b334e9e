"""The gaps between requests at the shop: one run, eight runs, and one run with Scrapy's own delay.

``python -m benchmarks.pace`` crawls the stand-in shop and reads the gaps from the shop's own log.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, quantiles

from rich.console import Console
from rich.table import Table

from tests.crawls import Home
from tests.storefront import Catalogue, Storefront, Switches

DELAY = 0.5
RUNS = 8
_SCRAPYS = (
    "-s",
    'DOWNLOAD_HANDLERS={"https": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"}',
)
"""What a run had before runs shared a pace."""
_SETTINGS = """\
DOWNLOAD_DELAY = {delay}
AUTOTHROTTLE_START_DELAY = {delay}
AUDIT_PAGES = 0
MAX_REQUESTS = {requests}
"""
_EAGER = ("-s", "DOWNLOAD_DELAY=0", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=6")


def gaps(
    runs: int, options: Sequence[str] = (), delay: float = DELAY, size: int = 1900
) -> list[float]:
    """Seconds between one request and the next at the shop."""
    with (
        tempfile.TemporaryDirectory(prefix="pace-") as folder,
        Storefront(Catalogue(size), Switches(page_bytes=0)).serve() as shop,
    ):
        home = Home(Path(folder), shop)
        home.settings(_SETTINGS.format(delay=delay, requests=80 // runs))
        home.make_session()
        started = [home.start(*options, run=f"local/{number}") for number in range(runs)]
        _wait(started)
        times = [request.at for request in shop.requests]
    return [after - before for before, after in pairwise(times)]


def _wait(started: list[subprocess.Popen[str]]) -> None:
    for process in started:
        _, said = process.communicate(timeout=900)
        if process.returncode > 1:
            raise SystemExit(said)


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__).parse_args()
    table = Table("runs", "requests", "mean gap", "5 %", "smallest")
    for name, runs, options in (
        ("one", 1, ()),
        ("one, with Scrapy's own delay", 1, _SCRAPYS),
        (f"{RUNS}, each asking for no delay (-s)", RUNS, _EAGER),
        (f"{RUNS}", RUNS, ()),
    ):
        found = gaps(runs, options)
        lowest = quantiles(found, n=20)[0]
        table.add_row(
            name,
            str(len(found) + 1),
            *(f"{value:.3f} s" for value in (mean(found), lowest, min(found))),
        )
    console = Console()
    console.print(f"DOWNLOAD_DELAY = {DELAY} s, of which Scrapy makes 0.5 to 1.5 times as much")
    console.print(table)


if __name__ == "__main__":
    main()
