"""Tries each run that has ended against its collection's rules, once, in the watcher.

A watcher claims a run before it tries it. If it dies meanwhile, another watcher tries the run after
the lease. What was found and its notices are recorded in one transaction.
"""

import logging
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass

from api.alerts.findings import Findings, Tried, find
from api.alerts.rules import rules_of
from api.config import Settings
from api.notices.daemon_thread import repeated
from api.products.downloads import Downloads, NotReady
from api.sentences import one_line
from api.store import Store
from api.store.records import Alert, Runner
from category_crawler.log_lines import lines_of
from category_crawler.times import seconds_since

logger = logging.getLogger(__name__)

TRIED_FOR = 86_400
"""Seconds from the end of a run until its products are given up, if its lists cannot be read."""
_FIRST_PAUSE, _LONGEST_PAUSE = 10, 3600


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Tries runs against rules; ``downloads`` is a cache of this evaluator's own."""

    store: Store
    downloads: Downloads
    settings: Settings

    def trying(self, stop: threading.Event) -> AbstractContextManager[None]:
        """Try runs in the background while the context is open: a comparison may take seconds."""
        failure = "A run could not be tried against its alerts; it is tried again"
        return repeated(self.try_next, stop, self.settings.watch_interval, failure)

    def try_next(self) -> bool:
        """Try the next run that is due; whether there was one."""
        alert = self.store.alerts.claim(self.settings.notice_lease)
        if alert is None:
            return False
        with lines_of({"run": str(alert.runner)}):
            self._try(alert)
        return True

    def _try(self, alert: Alert) -> None:
        try:
            self._settle(alert, self._find(alert, Tried.of(self._runner(alert))))
        except NotReady as error:
            self.store.alerts.postpone(alert, error.seconds)
        except Exception as error:
            self._try_later(alert, error)

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
