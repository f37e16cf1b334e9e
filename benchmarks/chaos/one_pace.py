"""What the shop sees of a cluster: one pace for nodes with one exit, and one for each exit."""

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.client import Ordered
from tests.cluster.cut import cutting
from tests.waiting import until

_SLOTS = 2
_SETTINGS = """\
DOWNLOAD_DELAY = {delay}
DOWNLOAD_DELAY_JITTER = 0
AUTOTHROTTLE_ENABLED = false
"""
_LATE_SECONDS = 0.4
"""By which a request may be late, and the next one on time."""
_START_SECONDS = 120.0
_WINDOW = 5
"""Requests in a row that may come no faster than the pace allows."""


def _work(
    outcome: Outcome,
    times: int,
    _chance: random.Random,
    delay: float = 1.0,
    seconds: float = 30.0,
    least: float = 2.5,
    names: Sequence[str] = NODES,
) -> None:
    """``least``: how many times one node's requests all nodes send that have exits of their own."""
    for _ in range(times):
        with clustered(outcome, pages=90, slots=_SLOTS, names=names) as there, ExitStack() as exits:
            there.here.home.settings(_SETTINGS.format(delay=delay))
            for name in names[1:]:
                there.nodes.drain(name)
            runs: list[Ordered] = []
            one = _requests(there, seconds, names[:1], runs)
            for name in names[1:]:
                there.nodes.resume(name)
            shared = _requests(there, seconds, names, runs)
            for name in names:
                port = exits.enter_context(cutting(there.here.shop.port)).port
                _move(there, name, f"http://127.0.0.1:{port}")
            own = _requests(there, seconds, names, runs)
        outcome.highest("requests a second of one node", len(one) / seconds)
        outcome.highest("of all with one exit", len(shared) / seconds)
        outcome.highest("of all with exits of their own", len(own) / seconds)
        _check_pace(outcome, shared, delay)
        if len(own) < least * len(one):
            outcome.fail(f"{len(own)} requests with own exits, and {len(one)} of one node")
        outcome.did()


def _move(there: Cluster, name: str, proxy: str) -> None:
    """Start a node anew that asks the shop through another exit: a proxy's address is one."""
    there.kill(name)
    there.here.programs[name].environment["https_proxy"] = proxy
    there.start(name)


def _requests(
    there: Cluster, seconds: float, names: Sequence[str], runs: list[Ordered]
) -> list[float]:
    """When the shop was asked in so many seconds in which all slots of some nodes work.

    Runs are added to those that are open until there is one for each slot.
    """
    here, began = there.here, time.time()
    while len(runs) < _SLOTS * len(names):
        runs.append(here.schedule())
    until(lambda: [max(here.asked_at(run), default=0) > began for run in runs], all, _START_SECONDS)
    begin = time.time()
    time.sleep(seconds)
    return [request.at for request in here.shop.requests if begin < request.at < begin + seconds]


def _check_pace(outcome: Outcome, moments: list[float], delay: float) -> None:
    """No few requests in a row may come faster than one node may send them."""
    spans = [last - first for first, last in zip(moments, moments[_WINDOW:], strict=False)]
    outcome.lowest("shortest of five gaps in a row, in delays", min(spans) / delay)
    if min(spans) < _WINDOW * delay - _LATE_SECONDS:
        outcome.fail(
            f"{_WINDOW + 1} requests came within {min(spans):.2f} s from nodes with one exit and a "
            f"delay of {delay} s"
        )


ONE_PACE = Trial(
    name="exits",
    deed="crawl on three nodes with one exit, then with an exit each",
    must_hold="the shop sees one node's pace from one exit; from three ≥ 2.5 times the requests",
    times=3,
    work=_work,
    short_times=1,
    short={"delay": 0.5, "seconds": 5.0, "least": 1.2, "names": NODES[:2]},
)
