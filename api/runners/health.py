"""The health of the service's parts: ``ok``, or what is wrong."""

import shutil
from dataclasses import dataclass

from api.runners.heartbeat import seconds_since_beat
from api.runners.lifecycle import Jobs
from api.runners.nodes import node_states
from api.scrapyd.cluster import Cluster
from api.scrapyd.job_service import ANSWER_SECONDS, ScrapydError, Slots
from api.store import StoreError
from category_crawler.files.home import home, results_folder, var_folder
from category_crawler.files.trouble import why_not_writable
from category_crawler.times import in_words, seconds_since
from category_crawler.typed_command import typed

_LATE = 30
"""Seconds without a heartbeat after which the watcher counts as dead; at least ten intervals."""
_OVERDUE = 300
"""Seconds after which a notice that is due and not tried counts as stuck."""
_UNEXPORTED = 3600
"""Seconds after which a file that is not copied counts as stuck."""
_STUCK = 30
"""Seconds after which a job that waits while a slot is free counts as stuck."""
_IDLE = 5
"""Seconds for which the slot must have been free; between two jobs it is so for one poll."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What Scrapyd has said of its slots."""

    state: str
    """``ok``, or why it has not."""
    slots: Slots | None


def ask_scrapyd(jobs: Jobs, seconds: float = ANSWER_SECONDS) -> Answered:
    """Ask Scrapyd for its slots, and wait for so long."""
    try:
        return Answered("ok", jobs.scrapyd.slots(seconds))
    except ScrapydError as error:
        return Answered(str(error), None)


def health(
    jobs: Jobs, cluster: Cluster | None = None, answered: Answered | None = None
) -> dict[str, str]:
    """``database, scrapyd, slots, queue, watcher, notices, exports, disk``.

    In a cluster ``nodes`` too. ``answered`` is what Scrapyd said just now, if it was asked.
    """
    told = answered or ask_scrapyd(jobs)
    scrapyd, slots = told.state, told.slots
    nodes = {"nodes": _nodes(cluster)} if cluster else {}
    return nodes | {
        "database": _database(jobs),
        "scrapyd": scrapyd,
        "slots": _slots(slots),
        "queue": _queue(jobs, slots),
        "watcher": _watcher(jobs),
        "notices": _notices(jobs),
        "exports": _exports(jobs),
        "disk": _disk(jobs),
    }


def _database(jobs: Jobs) -> str:
    try:
        jobs.store.users.all()
    except StoreError as error:
        return str(error)
    return "ok"


def _nodes(cluster: Cluster) -> str:
    try:
        ailing = [f"{n.name}: {n.trouble}" for n in node_states(cluster) if n.trouble]
    except ScrapydError as error:
        return str(error)
    return ", ".join(ailing) or "ok"


def _slots(slots: Slots | None) -> str:
    if slots is None:
        return "not known while Scrapyd is not well"
    if slots.working < slots.slots or slots.trouble:
        trouble = slots.trouble or "jobs cannot be started"
        return f"{slots.working} of {slots.slots} work: {trouble}"
    return "ok"


def _queue(jobs: Jobs, slots: Slots | None) -> str:
    try:
        since = jobs.store.runners.waiting_since()
    except StoreError as error:
        return str(error)
    waited = seconds_since(since) if since else 0
    if slots is not None and slots.idle_seconds > _IDLE and waited > _STUCK:
        return f"a job has waited {waited:.0f} s beside a free slot"
    if waited > jobs.settings.longest_wait:
        return f"a job has waited {waited / 3600:.1f} h for a slot"
    return "ok"


def _watcher(jobs: Jobs) -> str:
    since = seconds_since_beat()
    if since is None:
        return f"it has not begun: {typed('watch')}"
    if since > max(_LATE, 10 * jobs.settings.watch_interval):
        return f"no heartbeat for {since:.0f} s"
    return "ok"


def _notices(jobs: Jobs) -> str:
    """Receivers that refuse do not count: their notices are due again later."""
    try:
        number, since = jobs.store.notices.overdue(_OVERDUE)
        untried, untried_since = jobs.store.alerts.overdue(_OVERDUE)
    except StoreError as error:
        return str(error)
    if untried_since is not None:
        waited, noun = seconds_since(untried_since), "run" if untried == 1 else "runs"
        return f"{untried} {noun} due and not tried by its alerts, the oldest for {waited:.0f} s"
    if since is not None:
        return f"{number} due and not tried, the oldest for {seconds_since(since):.0f} s"
    return "ok"


def _exports(jobs: Jobs) -> str:
    """A place that refuses counts: it is the operator's own, and prune waits for it."""
    try:
        number, since, said = jobs.store.exports.late(_UNEXPORTED)
    except StoreError as error:
        return str(error)
    if since is None or not jobs.settings.export_url:
        return "ok"
    noun = "file" if number == 1 else "files"
    why = f": {said}" if said else ""
    return f"{number} {noun} not copied, the oldest for {in_words(seconds_since(since))}{why}"


def _disk(jobs: Jobs) -> str:
    free = shutil.disk_usage(home()).free
    if free < jobs.settings.min_free_bytes:
        return f"only {free / 1e6:,.0f} MB are free"
    for folder in (results_folder(), var_folder()):
        if trouble := why_not_writable(folder):
            return f"{folder.name}/ cannot be written ({trouble.strerror})"
    return "ok"
