"""Spiders killed at random moments of their runs."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.chaos.installation import tried
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge
from benchmarks.client import Ordered
from benchmarks.installation import Installation
from tests.processes import kill
from tests.waiting import until

_AT_ONCE = 4
_PAGES_IN_FLIGHT = (1, 3)
_TRIES = 4
_START_SECONDS = 60.0


def _work(outcome: Outcome, times: int, chance: random.Random, pages: int = 60) -> None:
    """Half of the spiders fetch a page at a time, half three."""
    with tried(outcome, pages=pages) as here:
        for number, in_flight in enumerate(_PAGES_IN_FLIGHT):
            here.set_pages_in_flight(in_flight)
            share = (times + number) // len(_PAGES_IN_FLIGHT)
            drawn = [[Moment.draw(chance, pages) for _ in range(_TRIES)] for _ in range(share)]
            with ThreadPoolExecutor(_AT_ONCE) as lanes:
                list(lanes.map(partial(_kill_one, outcome, here, in_flight), drawn))


def _kill_one(outcome: Outcome, here: Installation, in_flight: int, moments: list[Moment]) -> None:
    """Have the spider of a run killed; where it was gone by then, that of another run."""
    for moment in moments:
        run = here.schedule()
        killed = _killed(here, run, moment)
        judge(outcome, here, run, in_flight if killed else 0, "spider killed" if killed else "")
        if killed:
            outcome.did()
            return
        outcome.count("spiders gone before the kill")


def _killed(here: Installation, run: Ordered, moment: Moment) -> bool:
    """Kill a run's first spider at a moment; whether it was there."""
    spiders = until(lambda: here.spiders_of(run), bool, _START_SECONDS)
    moment.wait(lambda: here.asked_for(run).total(), lambda: not here.spiders_of(run))
    return kill(spiders[0])


SPIDER_DEATHS = Trial(
    name="spider",
    deed="kill -9 the spider at a random moment of a 60-page run",
    must_hold="all end done, recall 100 %, no duplicate, pages served twice ≤ pages in flight",
    times=50,
    work=_work,
    short_times=3,
    short={"pages": 20},
)
