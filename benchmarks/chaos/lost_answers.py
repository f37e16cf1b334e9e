"""Connections that are cut between a pop and its answer: the engine gave a job that no node has."""

import random
from collections.abc import Sequence

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge_first

_POP = rb"-\d+\r\n\$\d+\r\n\{"
"""An answer that holds a job's name and then its message."""
_MOST_CUT = 3


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 6,
    pages: int = 4,
    names: Sequence[str] = NODES,
) -> None:
    """Each node loses some of its answers; every job must run once all the same."""
    with clustered(outcome, pages=pages, slots=2, names=names, are_cut=True) as there:
        for cut in there.cuts.values():
            cut.marker = _POP
        for _ in range(times):
            _cut_some(outcome, there, chance, runs)
            outcome.did()


def _cut_some(outcome: Outcome, there: Cluster, chance: random.Random, number: int) -> None:
    before = sum(len(cut.dropped) for cut in there.cuts.values())
    for cut in there.cuts.values():
        cut.times = chance.randint(1, _MOST_CUT)
    runs = [there.here.schedule() for _ in range(number)]
    for run in runs:
        judge_first(outcome, there.here, run, "pops not answered")
    dropped = sum(len(cut.dropped) for cut in there.cuts.values()) - before
    outcome.count("answers lost", dropped)
    if not dropped:
        outcome.fail("no answer was cut off")


LOST_ANSWERS = Trial(
    name="answers",
    deed="cut the connection between a pop and its answer, 1-3 times on each of three nodes",
    must_hold="no run hangs; all done in their first attempts, no page twice",
    times=10,
    work=_work,
    short_times=1,
    short={"runs": 3, "pages": 2, "names": NODES[:2]},
)
