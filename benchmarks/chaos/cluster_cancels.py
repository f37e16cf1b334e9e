"""Runs of a cluster cancelled at random moments, by the API and on the console of any node."""

import random
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

from benchmarks.chaos.cancels import cancel_many, moments
from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.client import Ordered

_ANSWER_SECONDS = 1.0
_END_SECONDS = 15.0
"""After a cancel on a console, until the run must have ended: more than the grace time."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    late: tuple[float, float] = (3.0, 15.0),
    latency: float = 0.25,
    pages: int = 60,
    names: Sequence[str] = NODES,
) -> None:
    """In turn by the API and on each node's console, wherever the run may be."""
    with clustered(outcome, pages=pages, latency=latency, slots=2, names=names) as there:
        cancel = partial(_cancel, outcome, there, count())
        cancel_many(outcome, there.here, moments(chance, times, late), cancel)


def _cancel(outcome: Outcome, there: Cluster, numbers: Iterator[int], run: Ordered) -> None:
    places = ("", *there.names)
    place = places[next(numbers) % len(places)]
    began = time.monotonic()
    if not place:
        there.here.client.cancel(run.collection)
    else:
        there.console(place, "cancel.json", job=f"r{run.runner}-1")
    took = time.monotonic() - began
    outcome.highest(f"slowest answer of {'a console' if place else 'the API'} in seconds", took)
    if took > _ANSWER_SECONDS:
        outcome.fail(f"The cancel of runner {run.runner} was answered after {took:.1f} s")
    if place:
        there.here.ended(run, _END_SECONDS)


CLUSTER_CANCELS = Trial(
    name="cancels",
    deed="cancel on any node of three, by API and by console, at a random moment",
    must_hold="Cancelled by user or done, never anything else; rows kept; the slot is free again",
    times=100,
    work=_work,
    short_times=4,
    short={"late": (3.0, 5.0), "latency": 0.1, "pages": 30, "names": NODES[:2]},
)
