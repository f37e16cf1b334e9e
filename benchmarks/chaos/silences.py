"""A silent engine, or a silent node: they take connections and answer nothing."""

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge
from benchmarks.client import Ordered, Refused
from tests.api.services import CATEGORY

_PAGES = ("/collections/", "/operator/", "/operator/state", "/operator/runs/", "/new/")
"""Pages that nobody's run is in the address of."""
_CLIENTS = 3

T = TypeVar("T")
Call = tuple[str, str, Any]
"""Method, path and body."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 8,
    pages: int = 20,
    seconds: float = 6.0,
    names: Sequence[str] = NODES,
    longest: float = 2.5,
) -> None:
    """In turn the engine and a node, while runs are open; each is silent for so many seconds.

    ``longest`` is how many seconds an answer may take.
    """
    with clustered(outcome, pages=pages, slots=2, names=names, may_refuse=True) as there:
        cookie = there.here.cookie()
        for number in range(times):
            silence = (_silent_engine, _silent_node)[number % 2]
            ordered = [there.here.schedule() for _ in range(runs)]
            with silence(there, chance):
                ordered += _ask_everything(
                    _Answers(outcome, longest), there, cookie, ordered, seconds
                )
            for run in ordered:
                judge(outcome, there.here, run, 1, silence.__name__.strip("_").replace("_", " "))
            outcome.did()


@contextmanager
def _silent_engine(there: Cluster, _chance: random.Random) -> Iterator[None]:
    there.valkey.freeze()
    try:
        yield
    finally:
        there.valkey.thaw()


@contextmanager
def _silent_node(there: Cluster, chance: random.Random) -> Iterator[None]:
    name = chance.choice(there.names)
    there.signal_all(name, signal.SIGSTOP)
    try:
        yield
    finally:
        there.signal_all(name, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class _Answers:
    """How long answers take."""

    outcome: Outcome
    longest: float
    """Seconds that one may take."""

    def timed(self, what: str, ask: Callable[[], T]) -> T:
        """The answer; it fails the trial if it took too long."""
        began = time.monotonic()
        try:
            return ask()
        finally:
            took = time.monotonic() - began
            self.outcome.highest("slowest answer in seconds", took)
            self.outcome.count("answers")
            if took > self.longest:
                self.outcome.fail(f"{what} was answered after {took:.2f} s")


def _ask_everything(
    answers: _Answers, there: Cluster, cookie: str, runs: list[Ordered], seconds: float
) -> list[Ordered]:
    """Have some clients ask every call in turn for so many seconds; the runs that were accepted."""
    end = time.monotonic() + seconds

    def ask(_client: int) -> list[Ordered]:
        accepted = _schedule(answers, there)
        while time.monotonic() < end:
            for run in _schedule(answers, there):
                answers.timed("cancel", partial(there.here.client.cancel, run.collection))
            for method, path, body in _calls(runs[0]):
                answers.timed(path, partial(there.here.client.answer, method, path, body))
            for path in (*_PAGES, f"/collections/{runs[0].collection}/"):
                get = partial(there.here.client.answer, "GET", path, cookie=cookie)
                answers.timed(path, get)
        return accepted

    with ThreadPoolExecutor(_CLIENTS) as clients:
        return [run for accepted in clients.map(ask, range(_CLIENTS)) for run in accepted]


def _calls(run: Ordered) -> Iterator[Call]:
    """The calls that may ask for jobs, beside add_schedule and cancel."""
    of_run = {"collection_id": run.collection}
    yield "POST", f"{CATEGORY}/result/", of_run
    yield "POST", f"{CATEGORY}/list/", {}
    yield "POST", "/api/v1/zipcodes/get-zipcodes/", {}
    yield "GET", "/healthz", None


def _schedule(answers: _Answers, there: Cluster) -> list[Ordered]:
    """Ask for a run; none where it was refused."""
    try:
        return [answers.timed("add_schedule", there.here.schedule)]
    except Refused:
        answers.outcome.count("schedules refused")
        return []


SILENCES = Trial(
    name="silences",
    deed="freeze the engine, or a node, for 6 s while clients ask every call",
    must_hold="every answer of the API ≤ 2.5 s; the runs that were accepted are done",
    times=5,
    work=_work,
    short_times=2,
    # Beside other tests nobody is answered in time.
    short={"runs": 2, "pages": 4, "seconds": 2.0, "names": NODES[:2], "longest": 15.0},
)
