"""How soon a job starts: from add_schedule to its spider's first request at the shop."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.comparison import Row
from benchmarks.installation import Installation, installation
from tests.crawls import URL
from tests.waiting import until

_ROUNDS = 15
_PATIENCE = 60
"""Seconds after which a side that has not come so far breaks the benchmark off."""
_EMPTY_PROJECT = {
    "scrapy.cfg": "[settings]\ndefault = plain.settings\n",
    "plain/__init__.py": "",
    "plain/settings.py": 'BOT_NAME = "plain"\nSPIDER_MODULES = ["plain.spiders"]\n',
    "plain/spiders/__init__.py": "",
    "plain/spiders/empty.py": f"""\
from scrapy import Spider


class EmptySpider(Spider):
    name = "empty"
    start_urls = ["{URL}"]

    def parse(self, response):
        pass
""",
}
"""Files of a Scrapy project with one spider that does nothing, and no setting of its own."""


def rows() -> Iterator[Row]:
    """One row, over the three services and the stand-in shop, which both sides ask."""
    with installation(pages=4) as made, _empty_project() as project:
        _job(made), _empty_spider(made, project)
        ratio = median(_job(made) / _empty_spider(made, project) for _ in range(_ROUNDS))
    yield Row(
        "add_schedule to the spider's first request",
        "scrapy crawl of an empty spider",
        ratio,
        2.5,
        at_most=True,
    )


def _job(made: Installation) -> float:
    """Seconds from the call of add_schedule to the first request of its spider."""
    postcode, seen = made.new_postcode(), len(made.shop.requests)
    start = time.time()
    run = made.client.schedule(postcode)
    until(lambda: len(made.shop.requests) > seen, bool, _PATIENCE)
    made.client.cancel(run.collection)
    until(lambda: made.spiders_of(run), lambda spiders: not spiders, _PATIENCE)
    return made.shop.requests[seen].at - start


def _empty_spider(made: Installation, project: Path) -> float:
    """Seconds from starting ``scrapy crawl`` to its first request."""
    seen = len(made.shop.requests)
    start = time.time()
    subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "empty"],
        cwd=project,
        env=made.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=True,
    )
    return made.shop.requests[seen].at - start


@contextmanager
def _empty_project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="starting-") as name:
        for path, text in _EMPTY_PROJECT.items():
            file = Path(name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        yield Path(name)
