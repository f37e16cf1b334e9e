"""Keeps what ended runs have seen: their datasets, and the history of their collections.

The watcher does it for every run, one at a time and beside its other work; prune does it before it
removes a run's files.
"""

import logging
import time
from threading import Event

from api.products.datasets import NoRows, dataset
from api.products.downloads import Downloads, NotReady
from api.products.history import add_run
from api.store import Store
from api.store.records import Runner

logger = logging.getLogger(__name__)

_TRIES = 5
_AT_ONCE = 100
_AFTER_FAILURE_SECONDS = 600.0


class Archive:
    """Records ended runs; several processes may do so at the same time."""

    def __init__(self, store: Store, downloads: Downloads) -> None:
        self._store = store
        self._downloads = downloads
        self._failed: dict[int, float] = {}
        """When to try again what could not be recorded, by the monotonic clock."""

    def work(self, stop: Event, interval: float) -> None:
        """Record what has ended until ``stop`` is set. Raises nothing."""
        while not stop.is_set():
            try:
                self.record_all(stop)
            except Exception:
                logger.exception("The runs that have ended could not be listed")
            stop.wait(interval)

    def record_all(self, stop: Event | None = None) -> int:
        """Record every run that has ended and is not recorded yet; return how many."""
        recorded = 0
        for runner in self._store.runners.unrecorded(_AT_ONCE + len(self._failed)):
            if stop is not None and stop.is_set():
                break
            if self._failed.get(runner.id, 0.0) <= time.monotonic():
                recorded += self.record(runner)
        return recorded

    def record(self, runner: Runner) -> bool:
        """Record an ended run; False if it cannot be done now, which is logged."""
        try:
            self._add(runner)
        except Exception as error:
            self._failed[runner.id] = time.monotonic() + _AFTER_FAILURE_SECONDS
            logger.error("The history of runner %d could not be written: %s", runner.id, error)
            return False
        # A kill before this line records the run again, which changes nothing.
        self._store.runners.set_recorded(runner.id)
        self._failed.pop(runner.id, None)
        return True

    def _add(self, runner: Runner) -> None:
        for tried in range(1, _TRIES + 1):
            try:
                with dataset(self._downloads, runner) as table:
                    add_run(runner, table.path)
                return
            except NoRows:
                return
            except NotReady as error:
                if tried == _TRIES:
                    raise
                time.sleep(error.seconds)
