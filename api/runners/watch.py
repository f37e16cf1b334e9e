"""The watcher: looks at open runners on a timer, so that they move on when nobody asks."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from api.runners.heartbeat import beat
from api.runners.lifecycle import Jobs
from api.store.records import Runner

logger = logging.getLogger(__name__)

_SAY_EVERY = 600
"""Seconds between two sentences about one trouble that stays."""


def watch(jobs: Jobs, stop: threading.Event) -> None:
    """Look until told to stop. Several watchers may run: each consequence happens once."""
    watcher = Watcher(jobs)
    while not stop.is_set():
        watcher.refresh_all()
        stop.wait(jobs.settings.watch_interval)


@dataclass(slots=True)
class _Trouble:
    """Looks at one thing that failed, one after the other. Times are of the monotonic clock."""

    began_at: float
    said_at: float
    looks: int = 1


class Watcher:
    """Looks at everything that is open; a failure of one thing holds up no other."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._troubles: dict[str, _Trouble] = {}

    def refresh_all(self) -> None:
        """Look once at everything. Raises nothing: what failed is tried again at the next look."""
        before, self._troubles = self._troubles, {}
        self._try(before, "the sign of life", beat)
        self._try(before, "the list of open runners", partial(self._refresh_runners, before))
        self._try(before, "the list of open sessions", partial(self._refresh_sessions, before))

    def _refresh_runners(self, before: dict[str, _Trouble]) -> None:
        for runner in self._jobs.store.runners.open():
            self._try(before, f"runner {runner.id}", partial(self._refresh_runner, runner))

    def _refresh_runner(self, runner: Runner) -> None:
        if runner.is_stopping:
            self._jobs.finish_cancel(runner)
        else:
            self._jobs.refresh(runner)

    def _refresh_sessions(self, before: dict[str, _Trouble]) -> None:
        sessions = self._jobs.sessions
        for session in self._jobs.store.sessions.open():
            self._try(before, f"session {session.id}", partial(sessions.refresh_session, session))
        for session in self._jobs.store.sessions.unwanted():
            self._try(before, f"session {session.id}", partial(sessions.forget, session))

    def _try(self, before: dict[str, _Trouble], what: str, look: Callable[[], object]) -> None:
        try:
            look()
        except Exception as error:
            self._troubles[what] = _told(before.get(what), what, error)


def _told(trouble: _Trouble | None, what: str, error: Exception) -> _Trouble:
    """Say that a look failed: at once with its traceback, then once in a while in a sentence."""
    now = time.monotonic()
    if trouble is None:
        logger.error("Looking at %s failed; the next look tries again", what, exc_info=error)
        return _Trouble(now, now)
    trouble.looks += 1
    if now - trouble.said_at >= _SAY_EVERY:
        trouble.said_at = now
        logger.error(
            "Looking at %s has failed %s times, for %.0f minutes now, and it stays as it is until "
            "this is mended: %s: %s",
            *(what, trouble.looks, (now - trouble.began_at) / 60, type(error).__name__, error),
        )
    return trouble
