"""The engine killed while runs go on and others wait, with its data and without."""

import random
import time
from collections.abc import Sequence

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge
from benchmarks.client import Ordered
from benchmarks.installation import PAGE_SIZE

_DEATHS = 3
_AWAY_SECONDS = (0.3, 3.0)
_PAGES_AGAIN_SECONDS = 3.0
_PATIENCE = 30.0
_LATEST = 0.7
"""Share of the pages after which the last death may come."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 8,
    pages: int = 40,
    latency: float = 0.15,
    names: Sequence[str] = NODES,
) -> None:
    """Some runs wait for a slot, so that they are in the engine only."""
    with clustered(outcome, pages=pages, slots=2, latency=latency, names=names) as there:
        for _ in range(times):
            latest = int(_LATEST * pages * runs)
            pages_before = sorted(chance.randint(1, latest) for _ in range(_DEATHS))
            moments = [Moment(chance.uniform(0, 0.1), number) for number in pages_before]
            _kill_often(
                outcome, there, chance, [there.here.schedule() for _ in range(runs)], moments
            )
            outcome.did()


def _kill_often(
    outcome: Outcome,
    there: Cluster,
    chance: random.Random,
    runs: list[Ordered],
    moments: list[Moment],
) -> None:
    for moment in moments:
        there.wait_for(moment, runs)
        with_data = chance.random() < 0.5
        outcome.count("deaths with the data" if with_data else "deaths without the data")
        there.valkey.kill(with_data=with_data)
        time.sleep(chance.uniform(*_AWAY_SECONDS))
        there.valkey.start()
        _wait_for_page(outcome, there, runs)
    for run in runs:
        judge(outcome, there.here, run, after="engine killed three times")


def _wait_for_page(outcome: Outcome, there: Cluster, runs: list[Ordered]) -> None:
    """Wait until those that are being crawled go on, if there are any."""
    back = time.monotonic()
    crawled = [run for run in runs if _is_being_crawled(there, run)]
    before = there.pages_of(crawled)
    while any(_is_being_crawled(there, run) for run in crawled):
        if there.pages_of(crawled) > before or time.monotonic() - back > _PATIENCE:
            break
        time.sleep(0.02)
    took = time.monotonic() - back
    outcome.highest("seconds until a page after the engine was back", took)
    if took > _PAGES_AGAIN_SECONDS:
        outcome.fail(f"The first page came {took:.1f} s after the engine was back")


def _is_being_crawled(there: Cluster, run: Ordered) -> bool:
    """Whether a run has begun and has a page left to ask for."""
    here = there.here
    pages = len(here.shop.catalogue.asins()) // PAGE_SIZE
    return 0 < len(here.asked_for(run)) < pages


ENGINE_DEATHS = Trial(
    name="engine",
    deed="kill -9 the engine three times while 8 runs are open, with and without its data",
    must_hold="all done, every product once, no page twice; pages go on ≤ 3 s after it is back",
    times=10,
    work=_work,
    short_times=1,
    short={"runs": 5, "pages": 16, "latency": 0.2, "names": NODES[:2]},
)
