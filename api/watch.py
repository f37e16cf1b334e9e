"""The watcher: looks at open runners on a timer, so that they move on when nobody asks."""

import logging
import sqlite3
import threading

from api.heartbeat import beat
from api.jobs import Jobs

logger = logging.getLogger(__name__)


def watch(jobs: Jobs, stop: threading.Event) -> None:
    """Look until told to stop. Several watchers may run: each consequence happens once."""
    while not stop.is_set():
        try:
            beat()
            look_at_all(jobs)
        except (OSError, sqlite3.Error):
            logger.exception("This look failed; the next one tries again")
        stop.wait(jobs.settings.watch_interval)


def look_at_all(jobs: Jobs) -> None:
    """Bring every open runner and session up to date, and see cancelled jobs out."""
    for runner in jobs.store.open_runners():
        if runner["stopping"] is None:
            jobs.look(runner)
        else:
            jobs.reap(runner)
    for session in jobs.store.open_sessions():
        jobs.sessions.look_at(session)
