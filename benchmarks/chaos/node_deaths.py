"""Machines of a cluster killed at random, each with its Scrapyd and its spiders."""

import random
from collections.abc import Sequence

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.follow_up import watch_follow_ups
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge

_IN_FLIGHT = (1, 3)
_LATEST = 0.8
"""Share of the pages after which the machine may die at the latest."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 12,
    pages: int = 20,
    names: Sequence[str] = NODES,
) -> None:
    """One in two times the machine comes back at once, else when its runs are queued again."""
    with clustered(outcome, pages=pages, slots=2, names=names) as there:
        for number in range(times):
            in_flight = _IN_FLIGHT[number % len(_IN_FLIGHT)]
            there.set_pages_in_flight(in_flight)
            moment = Moment.draw(chance, int(_LATEST * pages * runs))
            _kill_one(outcome, there, chance, runs, moment, in_flight)
            outcome.did()


def _kill_one(
    outcome: Outcome,
    there: Cluster,
    chance: random.Random,
    number: int,
    moment: Moment,
    in_flight: int,
) -> None:
    runs = [there.here.schedule() for _ in range(number)]
    there.wait_for(moment, runs)
    victim, returns_at_once = chance.choice(there.names), chance.random() < 0.5
    there.kill(victim)
    lost = there.jobs_on(victim)
    outcome.count("jobs lost", len(lost))
    if returns_at_once:
        there.here.programs[victim].start()
    watch_follow_ups(outcome, there, lost, f"{victim} killed")
    if not returns_at_once:
        there.start(victim)
    for run in runs:
        was_hit = any(job.startswith(f"r{run.runner}-") for job in lost)
        judge(outcome, there.here, run, in_flight * was_hit, f"{victim} killed")


NODE_DEATHS = Trial(
    name="nodes",
    deed="kill -9 a machine of three (Scrapyd and spiders) at a random moment, 12 runs open",
    must_hold="all done, every product once, pages twice ≤ in flight; queued again within lease + "
    "lost_after + 2 s, before the backlog",
    times=30,
    work=_work,
    short_times=1,
    short={"runs": 5, "pages": 8, "names": NODES[:2]},
)
