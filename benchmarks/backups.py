"""``python -m benchmarks.backups``: what a backup of 100 runs of 1,000 products costs, and back."""

import os
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from api.backup.chosen import Choice
from api.backup.manifest import Manifest
from api.backup.restore import restore
from api.backup.writer import back_up
from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.files.home import var_folder
from category_crawler.run.writer import Run, publish
from tests.api.services import BODY
from tests.records import product, record, summary

_RUNS, _PRODUCTS = 100, 1000


def main() -> None:
    """Print seconds and bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = _home(folder / "old")
        for _ in range(_RUNS):
            _run(store)
        file = folder / "backup.tar.gz"
        manifest = _timed("backup", lambda: back_up(store, file, Choice(), overwrite=True))
        store.close()
        print(
            f"{len(manifest.files):,} files, {manifest.total:,} bytes, in {file.stat().st_size:,}"
        )
        empty = _home(folder / "new")
        _timed("restore", lambda: restore(empty, file))


def _home(folder: Path) -> Store:
    os.environ["CATEGORY_CRAWLER_HOME"] = str(folder)
    var_folder().mkdir(parents=True)
    return Store(var_folder() / "api.db")


def _run(store: Store) -> None:
    user = store.users.named("a@example.org")
    number = user.id if user else store.users.add("a@example.org", "a", "0" * 64)
    runner = store.runners.add_collection(number, "Lamps", StoredRequest(BODY), [])
    run = Run.create(folder_of(runner).path, BODY)
    prices = count(999 + runner.id)
    run.keep(product(one, price_cents=next(prices)) for one in range(_PRODUCTS))
    run.finish_page(record(offset=run.offset))
    run.finish(summary(asin_count=_PRODUCTS))
    run.close()
    publish(run.folder)
    store.runners.end(runner.id, Outcome(Stage.DONE, asin_count=_PRODUCTS))


def _timed(what: str, work: Callable[[], Manifest]) -> Manifest:
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"{what}: {time.perf_counter() - began:.2f} s, {time.process_time() - worked:.2f} s of CPU"
    )
    return result


if __name__ == "__main__":
    main()
