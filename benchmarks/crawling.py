"""How many pages a second spider processes take from a quick local server."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median

from benchmarks.comparison import Row
from benchmarks.page_server import PageServer
from category_crawler.files.home import PROJECT
from tests.long_listing import LongListing, long_listings

_PAGES = 80
_AT_ONCE = 8
"""Requests of one process on their way."""
_WARM = 10
"""A process's first requests, which do not count: it has just begun, and opens connections."""
_ROUNDS = 4
_SETTINGS = f"""\
DOWNLOAD_DELAY = 0
AUTOTHROTTLE_ENABLED = false
CONCURRENT_REQUESTS_PER_DOMAIN = {_AT_ONCE}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """A program that takes every page of a listing."""

    command: tuple[str, ...]
    """Behind ``python -m``; ``{url}`` stands for the listing."""
    in_project: bool = False
    """Whether it is run where Scrapy finds the project's settings."""


# Without slices: the plan would make some, for the pages repeat the totals of their samples.
_SPIDER = Side(
    ("scrapy", "crawl", "category", "-a", "category_url={url}", "-a", "whole=false"),
    in_project=True,
)
_EMPTY_SPIDER = Side(
    (
        *("scrapy", "runspider", str(PROJECT / "benchmarks" / "empty_spider.py")),
        *("-a", "url={url}", "-a", f"pages={_PAGES}", "-s", "ROBOTSTXT_OBEY=1"),
        *("-s", f"CONCURRENT_REQUESTS_PER_DOMAIN={_AT_ONCE}", "-s", "LOG_LEVEL=INFO"),
    )
)
_PLAIN_LOOP = Side(("benchmarks.plain_loop", "{url}", str(_PAGES), str(_AT_ONCE)))


def rows() -> Iterator[Row]:
    """One spider process beside two that do less, and four beside one."""
    to_empty, to_loop, four_to_one = [], [], []
    for listing in islice(cycle(long_listings(_PAGES)), _ROUNDS):
        with PageServer([listing.page(number + 1) for number in range(_PAGES)]).serve() as server:
            ours = pages_a_second(server, listing, [_SPIDER])
            to_empty.append(ours / pages_a_second(server, listing, [_EMPTY_SPIDER]))
            to_loop.append(ours / pages_a_second(server, listing, [_PLAIN_LOOP]))
            four_to_one.append(pages_a_second(server, listing, [_SPIDER] * 4) / ours)
    what = "pages a second of one spider process"
    yield Row(what, "Scrapy with an empty callback", median(to_empty), 0.5, at_most=False)
    yield Row(what, "an aiohttp loop with our reader", median(to_loop), 0.65, at_most=False)
    what = "pages a second of four crawls at once"
    yield Row(what, "one crawl", median(four_to_one), 1.5, at_most=False)


def pages_a_second(server: PageServer, listing: LongListing, sides: Sequence[Side]) -> float:
    """Pages a second of all the processes together, while none is beginning or through."""
    with ExitStack() as left:
        processes = []
        for number, side in enumerate(sides):
            folder = left.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
            url = f"{listing.url}&i=crawl{number}"
            processes.append(_start(side, url, Path(folder), server.environment()))
        for process in processes:
            _, said = process.communicate(timeout=600)
            if process.returncode:
                raise SystemExit(f"{process.args!r} failed\n{said.decode()}")
    times = server.requests().values()
    begin, end = max(one[_WARM] for one in times), min(one[-1] for one in times)
    return sum(begin < at <= end for at in chain(*times)) / (end - begin)


def _start(
    side: Side, url: str, home: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    (home / "settings.toml").write_text(_SETTINGS)
    own = {"CATEGORY_CRAWLER_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-m", *(part.format(url=url) for part in side.command)],
        cwd=PROJECT if side.in_project else home,
        env=environment | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
