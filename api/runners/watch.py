"""The watcher: refreshes what is open on a timer, and starts runs that are due."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

from api.delivery_sessions import job_name as job_of_session
from api.runners.attempts import job_name
from api.runners.deletion import finish_deletions
from api.runners.heartbeat import beat
from api.runners.lifecycle import Jobs
from api.runners.previews import Previews
from api.runners.retention import RetentionRounds
from api.runners.schedules import DueRuns
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.log_lines import ids_of_job, lines_of
from category_crawler.times import utc_in

logger = logging.getLogger(__name__)

_HEARTBEAT = "the heartbeat"
_COUNT_SECONDS = 15
"""Seconds after which the watcher counts again what running runs have asked of their shops."""
_DAY = 86_400
_REPEAT_SECONDS = 600
"""Seconds between two log lines about a failure that persists."""


def watch(jobs: Jobs, stop: threading.Event) -> None:
    """Refresh until ``stop`` is set. Several watchers may run: every change is made once."""
    watcher = Watcher(jobs)
    while not stop.is_set():
        watcher.refresh_all()
        stop.wait(jobs.settings.watch_interval)


@dataclass(slots=True)
class _Failure:
    """Consecutive failures to refresh one thing. Times are of the monotonic clock."""

    began_at: float
    logged_at: float
    times: int = 1


class Watcher:
    """Refreshes everything that is open; one failure does not affect the others."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._due = DueRuns(jobs)
        self._previews = Previews(jobs)
        self._retention = RetentionRounds(jobs.store, jobs.settings)
        self._failures: dict[str, _Failure] = {}
        self._latest_round = 0.0
        """Seconds that the latest refresh of everything took."""
        self._counted_at = -inf
        """When running runs were last counted, by the monotonic clock."""

    def refresh_all(self) -> None:
        """Refresh everything once. Raises nothing: what failed is tried again the next time."""
        before, self._failures = self._failures, {}
        began = time.monotonic()
        self._beat(before)
        self._try(before, "the list of open runners", partial(self._refresh_runners, before))
        self._try(before, "the runs that are held back", self._jobs.turns.give_all)
        self._try(before, "the list of running jobs", self._jobs.end_strangers)
        self._try(before, "the list of due runs", partial(self._settle_due, before))
        self._try(before, "the list of open sessions", partial(self._refresh_sessions, before))
        deletions = partial(finish_deletions, self._jobs.store)
        self._try(before, "what is left of deleted collections", deletions)
        self._try(before, "the files that rules remove", self._retention.apply)
        self._try(before, "the list of old previews", self._previews.settle_old)
        self._try(before, "the old part of the audit trail", self._forget_deeds)
        self._latest_round = time.monotonic() - began

    def _beat(self, before: dict[str, _Failure]) -> None:
        if _HEARTBEAT not in self._failures:
            self._try(before, _HEARTBEAT, partial(beat, self._latest_round))

    def _forget_deeds(self) -> None:
        if days := self._jobs.settings.audit_days:
            self._jobs.store.audit.forget(utc_in(-days * _DAY))

    def _refresh_runners(self, before: dict[str, _Failure]) -> None:
        is_counting = time.monotonic() - self._counted_at >= _COUNT_SECONDS
        for runner in self._jobs.changing():
            # After an engine has lost its data, thousands of runs take minutes.
            self._beat(before)
            with lines_of(ids_of_job(job_name(runner))):
                self._try(before, f"runner {runner.id}", partial(self._refresh_runner, runner))
                if is_counting and runner.stage is Stage.SCRAPING:
                    counting = partial(self._jobs.count_traffic, runner)
                    self._try(before, f"the count of runner {runner.id}", counting)
        if is_counting:
            self._counted_at = time.monotonic()

    def _refresh_runner(self, runner: Runner) -> None:
        if runner.is_stopping:
            self._jobs.finish_cancel(runner)
        else:
            self._jobs.refresh(runner)

    def _settle_due(self, before: dict[str, _Failure]) -> None:
        for schedule in self._due.waiting():
            what = f"the due run of collection {schedule.collection}"
            self._try(before, what, partial(self._due.settle, schedule))

    def _refresh_sessions(self, before: dict[str, _Failure]) -> None:
        sessions = self._jobs.sessions
        for session in self._jobs.store.sessions.open():
            refresh = partial(sessions.refresh_session, session)
            with lines_of(ids_of_job(job_of_session(session))):
                self._try(before, f"session {session.id}", refresh)
        for session in self._jobs.store.sessions.unwanted():
            self._try(before, f"session {session.id}", partial(sessions.forget, session))

    def _try(self, before: dict[str, _Failure], what: str, refresh: Callable[[], object]) -> None:
        try:
            refresh()
        except Exception as error:
            self._failures[what] = _logged(before.get(what), what, error)


def _logged(failure: _Failure | None, what: str, error: Exception) -> _Failure:
    """Log a failure: the first one with its traceback, then a line from time to time."""
    now = time.monotonic()
    if failure is None:
        logger.error("%s could not be refreshed; it is tried again", what, exc_info=error)
        return _Failure(now, now)
    failure.times += 1
    if now - failure.logged_at >= _REPEAT_SECONDS:
        failure.logged_at = now
        logger.error(
            "%s could not be refreshed %s times in %.0f minutes; it does not change until this is "
            "repaired: %s: %s",
            *(what, failure.times, (now - failure.began_at) / 60, type(error).__name__, error),
        )
    return failure
