"""What memory a run takes: the peak of a spider's process, by how many products it finds."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.comparison import Row
from tests.crawls import QUICK, Home
from tests.processes import peak_memory
from tests.storefront import Catalogue, Storefront, Switches

_SWITCHES = {"page_size": 48, "page_cap": 7, "page_bytes": 0, "adverts": 0}
_SETTINGS = f'{QUICK}CONCURRENT_REQUESTS_PER_DOMAIN = 8\nLOG_LEVEL = "WARNING"\n'
_LOOK_EVERY = 0.05


def rows() -> Iterator[Row]:
    """A category of 100,000 products beside one of 1,000, both crawled in slices."""
    ratio = _peak(100_000) / _peak(1_000)
    yield Row("peak memory of a run of 100,000 products", "of 1,000", ratio, 1.3, at_most=True)


def _peak(products: int) -> int:
    """The most memory in bytes that the process held while it crawled the shop's catalogue."""
    shop = Storefront(Catalogue(products, without_price=0.0), Switches(**_SWITCHES))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, shop.serve():
        home = Home(Path(folder), shop)
        home.settings(_SETTINGS)
        home.make_session()
        spider = home.start()
        peak = _watched(spider)
        summary = (home.folder / "results" / "local" / "a" / "summary.json").read_text()
        if spider.returncode or f'"asin_count": {products}' not in summary:
            raise SystemExit(f"the crawl of {products} products failed\n{summary}")
    return peak


def _watched(process: subprocess.Popen[str]) -> int:
    """The highest mark of a process's memory, which Linux keeps, as last seen before its end.

    What ``wait4`` tells counts the memory of the process that started it as well.
    """
    peak = 0
    while process.poll() is None:
        # A process that is just gone has no memory to tell of.
        with suppress(OSError, ValueError):
            peak = peak_memory(process.pid)
        time.sleep(_LOOK_EVERY)
    return peak
