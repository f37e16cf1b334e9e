"""Nodes that are frozen, or cut off from the engine, beyond their lease, and come back."""

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.follow_up import is_superseded, watch_follow_ups
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge

_GONE_SECONDS = 1.0
"""Within which a zombie must be gone, once its node reaches the engine again."""
_PATIENCE = 20.0
_LONGER_SECONDS = (0.0, 2.0)
_EARLIEST, _LATEST = 0.1, 0.5


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 8,
    pages: int = 40,
    latency: float = 0.2,
    names: Sequence[str] = NODES,
) -> None:
    """In turn frozen and cut off."""
    with clustered(
        outcome, pages=pages, slots=2, latency=latency, names=names, are_cut=True
    ) as there:
        for number in range(times):
            absence = (_frozen, _cut_off)[number % 2]
            at = chance.randint(int(_EARLIEST * pages * runs), int(_LATEST * pages * runs))
            _leave_one(outcome, there, chance, absence, Moment(chance.uniform(0, 0.1), at), runs)
            outcome.did()


def _leave_one(
    outcome: Outcome,
    there: Cluster,
    chance: random.Random,
    absence: Callable[[Cluster, str], AbstractContextManager[None]],
    moment: Moment,
    number: int,
) -> None:
    runs = [there.here.schedule() for _ in range(number)]
    there.wait_for(moment, runs)
    victim = chance.choice(there.names)
    what = f"{victim} {absence.__name__.strip('_').replace('_', ' ')}"
    with absence(there, victim):
        lost = there.jobs_on(victim)
        watch_follow_ups(outcome, there, lost, what)
        time.sleep(chance.uniform(*_LONGER_SECONDS))
        spiders = there.spiders_on(victim)
        zombies = {pid for pid, job in spiders.items() if is_superseded(there, job)}
    outcome.count("zombies", len(zombies))
    _see_out(outcome, there, victim, zombies, what)
    for run in runs:
        was_hit = any(job.startswith(f"r{run.runner}-") for job in lost)
        judge(outcome, there.here, run, int(was_hit), what)


@contextmanager
def _frozen(there: Cluster, name: str) -> Iterator[None]:
    # The Scrapyd first: a spider that it starts just now is seen the second time.
    for _ in range(2):
        there.signal_all(name, signal.SIGSTOP)
    try:
        yield
    finally:
        there.signal_all(name, signal.SIGCONT)


@contextmanager
def _cut_off(there: Cluster, name: str) -> Iterator[None]:
    there.cuts[name].part()
    try:
        yield
    finally:
        there.cuts[name].join()


def _see_out(outcome: Outcome, there: Cluster, name: str, zombies: set[int], what: str) -> None:
    """Wait until the spiders whose runs go on elsewhere are gone."""
    began = time.monotonic()
    while zombies & there.spiders_on(name).keys() and time.monotonic() - began < _PATIENCE:
        time.sleep(0.02)
    if not zombies:
        return
    took = time.monotonic() - began
    outcome.highest("seconds until zombies were gone", took)
    if took > _GONE_SECONDS:
        outcome.fail(f"{what}: {len(zombies)} zombies were gone {took:.1f} s after it was back")


NODE_ABSENCES = Trial(
    name="absences",
    deed="freeze a node of three, or cut it off from the engine, beyond its lease",
    must_hold="all done, every product once, pages twice ≤ in flight; zombies gone ≤ 1 s after the "
    "node is back",
    times=20,
    work=_work,
    short_times=2,
    short={"runs": 4, "pages": 16, "latency": 0.3, "names": NODES[:2]},
)
