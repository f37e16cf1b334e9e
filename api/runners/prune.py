"""Removes the files and logs of old runs; their records in the database stay."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from api.runners.attempts import folder_of, run_folder
from api.runners.removal import files_of_runners
from api.store import Store
from api.store.records import Runner
from category_crawler.daemon.address import PROJECT
from category_crawler.delivery.report import deliveries_folder
from category_crawler.files.home import logs_folder, var_folder
from category_crawler.times import utc_in

logger = logging.getLogger(__name__)

_SHORT_JOBS = ("delivery", "delivery_check", "preview")
_OF_EARLIER_VERSIONS = ("cancelled", "deliveries")
"""Folders below ``var/`` with small files that were read once."""

_AT_ONCE = 100
"""Removals that one transaction records: each transaction waits for the disk."""


def pruned(
    store: Store,
    seconds: float,
    rule: str = "prune",
    record: Callable[[Runner], bool] = lambda _: True,
) -> int:
    """Remove the files of runs that ended more than ``seconds`` ago; return how many had files.

    ``record`` adds a run to its collection's history, if it is not there yet; the files stay where
    it returns False.

    Each removal is recorded first, with the ``rule`` as the operator gave it: after a kill in
    between nobody gets a part of the files, and the next call removes the rest.
    """
    ended = [
        runner
        for runner in store.runners.ended(utc_in(-seconds))
        if runner.is_recorded or runner.files_removed_at is not None or record(runner)
    ]
    had_files = remove_files(store, ended, rule)
    for path in _leftovers(time.time() - seconds):
        with noting_failure():
            path.unlink(missing_ok=True)
    store.keys.forget_old()
    return had_files


def remove_files(store: Store, runners: Sequence[Runner], rule: str) -> int:
    """Record the removal of the files of runs that have ended, and remove them; how many had any.

    Those that are needed stay, see :meth:`api.store.runners.Runners.ended`.
    """
    had_files = 0
    # Each folder is listed once, not once for each runner.
    files = files_of_runners() if runners else {}
    for begin in range(0, len(runners), _AT_ONCE):
        for runner in _recorded(store, [*runners[begin : begin + _AT_ONCE]], rule):
            with noting_failure():
                for path in files.get(runner.id, ()):
                    path.unlink(missing_ok=True)
                had_files += _without_files(runner)
    return had_files


@contextmanager
def noting_failure() -> Iterator[None]:
    """Log a file that cannot be removed, and continue."""
    try:
        yield
    except OSError as error:
        logger.error("%s could not be removed: %s", error.filename, error.strerror)


def _recorded(store: Store, runners: list[Runner], rule: str) -> list[Runner]:
    """The runners whose folders, if there are any, may be removed now that this is recorded."""
    folders = {runner.id: folder_of(runner) for runner in runners}
    there = {one.id: folders[one.id] for one in runners if os.path.lexists(run_folder(one))}
    if not there:
        return runners
    free = store.runners.remove_files({n: one.progress for n, one in there.items()}, rule)
    return [runner for runner in runners if runner.id in free or runner.id not in there]


def _without_files(runner: Runner) -> bool:
    folder = run_folder(runner)
    if not os.path.lexists(folder):
        return False
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink()
    with suppress(OSError):
        # The collection's folder is not empty if it has other runners.
        folder.parent.rmdir()
    return True


def _leftovers(before: float) -> Iterator[Path]:
    """Logs of short jobs and files that are read once, older than ``before``."""
    logs = [logs_folder() / PROJECT / spider for spider in _SHORT_JOBS]
    old = [var_folder() / name for name in _OF_EARLIER_VERSIONS]
    for path in chain(*(f.glob("*") for f in (*logs, *old, deliveries_folder()))):
        if path.is_file() and path.stat().st_mtime < before:
            yield path
