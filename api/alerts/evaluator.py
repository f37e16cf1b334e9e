"""Tries each run that has ended against its collection's rules, once, in the watcher.

A watcher claims a run before it tries it. If it dies meanwhile, another watcher tries the run after
the lease. What was found and its notices are recorded in one transaction.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.alerts.findings import Findings, Tried, find
from api.alerts.rules import rules_of
from api.config import Settings
from api.products.downloads import Downloads, NotReady
from api.sentences import one_line
from api.store import Store
from api.store.records import Alert, Runner
from category_crawler.times import seconds_since

logger = logging.getLogger(__name__)

TRIED_FOR = 86_400
"""Seconds from the end of a run until its products are given up, if its lists cannot be read."""
_FIRST_PAUSE, _LONGEST_PAUSE = 10, 3600
_STOP_SECONDS = 2
"""Seconds to wait for a comparison when the process stops."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Tries runs against rules; ``downloads`` is a cache of this evaluator's own."""

    store: Store
    downloads: Downloads
    settings: Settings

    @contextmanager
    def trying(self, stop: threading.Event) -> Iterator[None]:
        """Try runs in the background while the context is open: a comparison may take seconds."""
        thread = threading.Thread(target=self._try_all, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(_STOP_SECONDS)

    def _try_all(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                was_due = self.try_next()
            except Exception:
                logger.exception("A run could not be tried against its alerts; it is tried again")
                was_due = False
            if not was_due:
                stop.wait(self.settings.watch_interval)

    def try_next(self) -> bool:
        """Try the next run that is due; whether there was one."""
        alert = self.store.alerts.claim(self.settings.notice_lease)
        if alert is None:
            return False
        try:
            self._settle(alert, self._find(alert, Tried.of(self._runner(alert))))
        except NotReady as error:
            self.store.alerts.postpone(alert, error.seconds)
        except Exception as error:
            self._try_later(alert, error)
        return True

    def _runner(self, alert: Alert) -> Runner:
        runner = self.store.runners.get(alert.runner)
        assert runner is not None, "an alert refers to its runner"
        return runner

    def _find(self, alert: Alert, tried: Tried) -> Findings:
        return find(self.store, self.downloads, rules_of(alert.rules), tried)

    def _settle(self, alert: Alert, found: Findings) -> None:
        self.store.alerts.settle(alert, found.model_dump_json(), is_told=found.is_told)

    def _try_later(self, alert: Alert, error: Exception) -> None:
        said = one_line(f"{type(error).__name__}: {error}")
        pause = min(_FIRST_PAUSE * 2 ** (alert.tries - 1), _LONGEST_PAUSE)
        if seconds_since(alert.created_at) + pause <= TRIED_FOR:
            logger.error(
                "Runner %s could not be tried against its alerts, it is tried again in %s s: %s",
                *(alert.runner, pause, said),
                exc_info=error if alert.tries == 1 else None,
            )
            self.store.alerts.postpone(alert, pause)
            return
        logger.error("The lists of runner %s are given up by its alerts: %s", alert.runner, said)
        runner = self._runner(alert)
        unread = f"The lists of runner {runner.id} and the one before could not be read"
        tried = Tried(runner.collection.id, runner, None, unread)
        self._settle(alert, self._find(alert, tried))
