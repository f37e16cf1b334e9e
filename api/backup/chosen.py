"""Chooses a home's files for a backup, of the runs that the copied database knows."""

import logging
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from api.backup.manifest import COOKIES, RESULTS, SETTINGS, WEBHOOK_SECRET, Results
from api.notices.webhook import secret_file
from api.products.history import history_folder
from api.runners.attempts import attempt_folders, run_folder
from api.store import Store
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.files.home import cookies_folder, results_folder, settings_file
from category_crawler.run.attempt_folder import attempts_in
from category_crawler.run.reader import JOURNAL, SUMMARY

logger = logging.getLogger(__name__)

_FIRST = (SUMMARY, JOURNAL)
"""What says of other files what is in them; these may be longer by then, but never shorter."""
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A file for the archive."""

    name: str
    """In the archive."""
    path: Path


@dataclass(frozen=True, slots=True)
class Choice:
    """Which results are wanted."""

    results: Results = Results.ALL
    collections: Collection[int] = ()
    """Only of these; empty for all."""

    def runs(self, snapshot: Store) -> tuple[list[Runner], list[Runner]]:
        """The runners whose files go in, and those whose files do not; without removed ones."""
        wanted: list[Runner] = []
        others: list[Runner] = []
        met: set[int] = set()
        met_done: set[int] = set()
        for runner in _newest_first(snapshot):
            collection, is_done = runner.collection.id, runner.stage is Stage.DONE
            is_first = collection not in met or (is_done and collection not in met_done)
            met.add(collection)
            if is_done:
                met_done.add(collection)
            # What a run has seen is not in the history until it is recorded.
            is_needed = is_first or not runner.is_recorded
            if runner.files_removed_at is None:
                (wanted if self._has(collection, is_needed=is_needed) else others).append(runner)
        return wanted, others

    def history(self, snapshot: Store) -> Iterator[Found]:
        """The history of the collections' products."""
        numbers = {(one.collection.user, one.collection.id) for one in _newest_first(snapshot)}
        for user, number in sorted(numbers):
            if self._has(number, is_needed=True):
                yield from _files(history_folder(user, number))

    def _has(self, collection: int, *, is_needed: bool) -> bool:
        is_asked = not self.collections or collection in self.collections
        return is_asked and (
            self.results is Results.ALL or (self.results is Results.NEWEST and is_needed)
        )

    def local(self) -> Iterator[Found]:
        """The runs that were started by hand, of which the database knows nothing."""
        if self.results is Results.ALL and not self.collections:
            yield from _files(results_folder() / "local")


def own_files() -> Iterator[Found]:
    """What a home has besides the database and results."""
    # The operator may keep it elsewhere.
    yield Found(SETTINGS, settings_file().resolve())
    yield Found(WEBHOOK_SECRET, secret_file())
    top = cookies_folder()
    for path in _walked(top):
        yield Found(f"{COOKIES}/{path.relative_to(top).as_posix()}", path)


def files_of(runner: Runner) -> Iterator[Found]:
    """A run's files. Of an open one those of attempts that the copied database knows."""
    folder = run_folder(runner)
    if runner.has_ended or not attempts_in(folder).exists():
        yield from _files(folder)
        return
    # A later attempt, or a result that is there since, would be in the way of the next one.
    for attempt in attempt_folders(runner):
        yield from _files(attempt)


def _newest_first(snapshot: Store) -> Iterator[Runner]:
    before = sys.maxsize
    while page := snapshot.runners.recent(None, before, _PAGE):
        yield from page
        before = page[-1].id


def _files(folder: Path) -> Iterator[Found]:
    top = results_folder()
    for path in _walked(folder):
        yield Found(f"{RESULTS}/{path.relative_to(top).as_posix()}", path)


def _walked(folder: Path) -> Iterator[Path]:
    """The files below a folder. Links are not followed, unless they are one of a home's own."""
    if _leads_elsewhere(folder):
        logger.warning("%s is reached by a link and left out", folder)
        return
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names, key=lambda one: (one not in _FIRST, one)):
            # A file whose name begins with a dot is being written.
            if not name.startswith("."):
                yield Path(root) / name


def _leads_elsewhere(folder: Path) -> bool:
    """Whether there is a link between a home's own folders and this one."""
    for top in (results_folder(), cookies_folder()):
        if folder.is_relative_to(top):
            return folder.resolve() != top.resolve() / folder.relative_to(top)
    return True
