"""Jobs that a node has lost: the next attempts must follow soon, and before the backlog."""

import time
from collections.abc import Collection

from benchmarks.chaos.cluster import AGAIN_SECONDS, Cluster
from benchmarks.chaos.trial import Outcome
from category_crawler.job_name import name_of_job

_LOOK_EVERY = 0.05
_PATIENCE = 30.0
"""Beyond the time that is allowed, to say how late it was."""


def watch_follow_ups(outcome: Outcome, there: Cluster, jobs: Collection[str], what: str) -> None:
    """Wait until each lost job is followed by the next attempt, unless its run has ended."""
    began = time.monotonic()
    waiting = {*jobs}
    while waiting and time.monotonic() - began < AGAIN_SECONDS + _PATIENCE:
        waiting = {job for job in waiting if not _is_followed(there, job)}
        _check_order(outcome, there, what)
        time.sleep(_LOOK_EVERY)
    took = time.monotonic() - began
    if jobs:
        outcome.highest("seconds until lost jobs were queued again", took)
    if waiting or took > AGAIN_SECONDS:
        late = f"{', '.join(sorted(waiting))} not at all" if waiting else f"after {took:.1f} s"
        outcome.fail(f"{what}: jobs were queued again {late}, and not within {AGAIN_SECONDS:g} s")


def is_superseded(there: Cluster, job: str) -> bool:
    """Whether a later attempt has followed a job."""
    number, attempt = _numbers(job)
    runner = there.here.store.runners.get(number)
    return runner is not None and runner.attempt > attempt


def _is_followed(there: Cluster, job: str) -> bool:
    number, attempt = _numbers(job)
    runner = there.here.store.runners.get(number)
    assert runner is not None
    if runner.has_ended:
        return True
    # The next attempt is recorded before its job is in the engine.
    return runner.attempt > attempt and bool(there.queue.states([name_of_job(number, attempt + 1)]))


def _check_order(outcome: Outcome, there: Cluster, what: str) -> None:
    """No first attempt may wait before a later one."""
    order = [message["_job"] for message in there.queue.first(100)]
    first = next((place for place, job in enumerate(order) if _numbers(job)[1] == 1), len(order))
    for job in order[first:]:
        if _numbers(job)[1] > 1:
            outcome.fail(f"{what}: {job} waits behind the backlog: {', '.join(order)}")


def _numbers(job: str) -> tuple[int, int]:
    """Of the runner, and of the attempt."""
    runner, attempt = job.removeprefix("r").split("-")
    return int(runner), int(attempt)
