"""Rules of how long the files of runs are kept, for all collections or for one.

The files of a run go once it ended so many days ago, or once so many newer runs of its collection
have ended. The newest run that is done always stays: the next one plans by it, and changes are
found against it. The records stay, and name the rule.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.config import Settings
from api.runners.attempts import run_folder
from api.runners.prune import noting_failure, remove_files
from api.store import Store
from api.store.records import Runner
from api.store.retention import Retention
from category_crawler.files.home import results_folder
from category_crawler.run.reader import RunFolder
from category_crawler.times import utc_in

logger = logging.getLogger(__name__)

DAY = 86_400
_EVERY = 600.0
"""Seconds between two rounds of the watcher."""
_GOING = ".removed-"
"""How the name of a local run's folder begins while it is removed."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Runs whose files are to go, and by which rule."""

    rule: str
    runners: list[Runner]


def general_rule(settings: Settings) -> Retention | None:
    """The rule for collections without one of their own."""
    return _rule(settings.keep_days, settings.keep_runs)


def expired_in(store: Store, collection: int, rule: Retention) -> list[Runner]:
    """The runs of a collection whose files a rule would remove now."""
    before = utc_in(-rule.days * DAY) if rule.days else None
    found = store.runners.expired(collection, before, rule.runs)
    return [runner for runner in found if run_folder(runner).exists()]


def expired(store: Store, settings: Settings) -> Iterator[Expired]:
    """What the rules would remove now."""
    for collection in store.retention.collections(ruled=True):
        own = store.retention.of(collection)
        if own and (found := expired_in(store, collection, own)):
            yield Expired(f"rule of this collection: {own}", found)
    general = general_rule(settings)
    for collection in store.retention.collections(ruled=False) if general else ():
        if general and (found := expired_in(store, collection, general)):
            yield Expired(f"rule of all collections: {general}", found)


def expired_local(settings: Settings) -> list[Path]:
    """The folders of local runs that the rule for these would remove now.

    One that is being written stays, and so does the newest that is done.
    """
    rule = _rule(settings.keep_local_days, settings.keep_local_runs)
    folder = results_folder() / "local"
    if rule is None or not folder.is_dir():
        return []
    runs = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    runs = [one for one in runs if not one.is_symlink() and not RunFolder(one).is_locked]
    runs.sort(key=_changed_at, reverse=True)
    newest_done = next((one for one in runs if RunFolder(one).looks_whole), None)
    before = time.time() - rule.days * DAY if rule.days else 0.0
    kept = len(runs) if rule.runs is None else rule.runs
    return [
        one
        for place, one in enumerate(runs)
        if one != newest_done and (place >= kept or _changed_at(one) < before)
    ]


def remove_local(folders: list[Path]) -> None:
    """Remove the folders of local runs; each is there whole or not at all."""
    for folder in folders:
        with noting_failure():
            folder.rename(folder.with_name(f"{_GOING}{folder.name}"))
            logger.info("The local run %s is removed by its rule", folder.name)
    # A kill may have left some.
    for left in (results_folder() / "local").glob(f"{_GOING}*"):
        with noting_failure():
            shutil.rmtree(left)


class RetentionRounds:
    """The watcher's rounds."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._next = 0.0
        """By the monotonic clock."""
        self._is_first = True

    def apply(self) -> None:
        """Remove what the rules say, if it is time to; most calls do nothing."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        if self._is_first:
            self._finish()
            self._is_first = False
        for one in expired(self._store, self._settings):
            count = remove_files(self._store, one.runners, one.rule)
            logger.info("Files of %d runs removed by the %s", count, one.rule)
        remove_local(expired_local(self._settings))

    def _finish(self) -> None:
        """Remove what is left of runs whose removal a kill has cut off."""
        ended = self._store.runners.ended(utc_in(1))
        left = [one for one in ended if one.files_removed_at and run_folder(one).exists()]
        remove_files(self._store, left, "")


def _rule(days: int, runs: int) -> Retention | None:
    """A rule of two settings, of which 0 says nothing."""
    return Retention(days or None, runs or None) if days or runs else None


def _changed_at(folder: Path) -> float:
    """When a local run was last written, in seconds since 1970."""
    return max((path.stat().st_mtime for path in folder.glob("*")), default=0.0)
