"""Scrapyd, the API and the watcher killed at random moments, and started again at once."""

import random
import time
from functools import partial
from itertools import cycle, islice

from benchmarks.chaos.installation import tried
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge
from benchmarks.client import Ordered
from benchmarks.installation import Installation

_VICTIMS = ("scrapyd", "api", "watch")
_LATEST = 0.9
"""Share of the pages after which the first of the runs may have ended."""
_ORPHAN_SECONDS = 5.0


def _work(
    outcome: Outcome, times: int, chance: random.Random, pages: int = 60, open_runs: int = 4
) -> None:
    """New runs for each death; Scrapyd's may cost each of them the page in flight."""
    with tried(outcome, pages=pages, slots=open_runs) as here:
        for victim in islice(cycle(_VICTIMS), times):
            moment = Moment.draw(chance, int(_LATEST * pages * open_runs))
            runs = [here.schedule() for _ in range(open_runs)]
            moment.wait(partial(_pages_of, here, runs), lambda: not here.store.runners.open())
            _kill(outcome, here, victim)
            for run in runs:
                judge(outcome, here, run, int(victim == "scrapyd"), f"{victim} killed")
            outcome.did()


def _pages_of(here: Installation, runs: list[Ordered]) -> int:
    return sum(here.asked_for(run).total() for run in runs)


def _kill(outcome: Outcome, here: Installation, victim: str) -> None:
    """Kill a service and start it again; Scrapyd's spiders must be gone soon after."""
    here.programs[victim].kill()
    died = time.monotonic()
    here.programs[victim].start()
    if victim != "scrapyd":
        return
    while (age := time.monotonic() - died) < _ORPHAN_SECONDS:
        if here.orphans():
            outcome.highest("longest life of an orphan in seconds", age)
        time.sleep(0.1)
    for job in here.orphans().values():
        outcome.fail(f"The spider of job {job} is an orphan {_ORPHAN_SECONDS:g} s after the death")


SERVICE_DEATHS = Trial(
    name="services",
    deed="kill -9 Scrapyd, API or watcher at a random moment, 4 runs open",
    must_hold="the same; no orphan after 5 s; no runner stuck",
    times=30,
    work=_work,
    short_times=3,
    short={"pages": 16, "open_runs": 2},
)
