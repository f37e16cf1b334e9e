"""Whether the parts of the service are well: ``ok``, or a few words on what ails."""

import shutil
import sqlite3

from api.heartbeat import seconds_since_beat
from api.jobs import Jobs
from api.scrapyd import ScrapydError
from category_crawler.home import home

_LATE = 30
"""Seconds without a beat after which the watcher counts as gone; ten looks where those are rare."""


def health(jobs: Jobs) -> dict[str, str]:
    """``database, scrapyd, watcher, disk``."""
    return {
        "database": _database(jobs),
        "scrapyd": _scrapyd(jobs),
        "watcher": _watcher(jobs),
        "disk": _disk(jobs),
    }


def _database(jobs: Jobs) -> str:
    try:
        jobs.store.users()
    except sqlite3.Error as error:
        return str(error)
    return "ok"


def _scrapyd(jobs: Jobs) -> str:
    try:
        jobs.scrapyd.daemonstatus()
    except ScrapydError as error:
        return str(error)
    return "ok"


def _watcher(jobs: Jobs) -> str:
    since = seconds_since_beat()
    if since is None:
        return "it has not begun: flask --app api watch"
    if since > max(_LATE, 10 * jobs.settings.watch_interval):
        return f"no sign of life for {since:.0f} s"
    return "ok"


def _disk(jobs: Jobs) -> str:
    free = shutil.disk_usage(home()).free
    if free < jobs.settings.min_free_bytes:
        return f"only {free / 1e6:,.0f} MB are free"
    return "ok"
