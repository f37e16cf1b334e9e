"""A queue of 20,000 runs and a hundred nodes: how long looks and answers take."""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from api.runners.attempts import crawl_arguments, job_name
from api.store.records import StoredRequest
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.crowd import Order, waits
from benchmarks.installation import Installation, installation
from category_crawler import __version__
from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.cluster.queue import Queue
from category_crawler.files.home import PROJECT
from tests.api.services import BODY, CATEGORY
from tests.cluster.valkey import Valkey

_LEASE = 5.0
_SLOTS = 2
_USER = 1
_LOOKS = 5
_CLIENTS = 10
_CALLS = ("add_schedule", "result")


class SimulatedNodes:
    """Nodes that are no processes: each beats as one does, and runs what it has taken for ever."""

    def __init__(self, engine: Engine) -> None:
        self._nodes, self._queue = Nodes(engine), Queue(engine)
        self._reports: list[NodeReport] = []

    def add(self, number: int) -> None:
        """Begin another node."""
        name, incarnation = f"n{number}", self._nodes.enroll()
        report = NodeReport(
            name, incarnation, __version__, _SLOTS, name, "http://127.0.0.1:1", time.time()
        )
        self._nodes.beat(report, _LEASE)
        claims = tuple(self._taken(name, incarnation))
        self._reports.append(replace(report, claims=claims))

    def beat(self) -> None:
        """Have each say that it lives."""
        for report in [*self._reports]:
            self._nodes.beat(replace(report, clock=time.time()), _LEASE)

    def _taken(self, name: str, incarnation: str) -> Iterator[Claim]:
        for _ in range(_SLOTS):
            if claimed := self._queue.pop(name, incarnation):
                yield claimed.claim


@contextmanager
def _beating(nodes: SimulatedNodes) -> Iterator[None]:
    """Have nodes beat every fifth of the lease."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_LEASE / 5):
            nodes.beat()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _work(
    outcome: Outcome,
    times: int,
    _chance: random.Random,
    runs: int = 20_000,
    number: int = 100,
    rounds: int = 5,
    requests: int = 300,
    most: float = 1.2,
    longest_look: float = 0.5,
) -> None:
    """Measure with one node and no queue, then with all.

    ``most`` is how many times as long a p99 may be, as the median of so many ``rounds``, and
    ``longest_look`` how many seconds a watcher may look.
    """
    for _ in range(times):
        with _one_node(outcome.keep) as (here, queue, nodes):
            before = _p99s(here, rounds, requests)
            _queue_runs(here, queue, runs)
            for one in range(1, number):
                nodes.add(one)
            outcome.highest("runs that wait", queue.waiting())
            _check_look(outcome, here, longest_look)
            after = _p99s(here, rounds, requests)
        for call in _CALLS:
            _compare(outcome, call, before[call], after[call], most)
        outcome.did()


@contextmanager
def _one_node(keep: Path | None) -> Iterator[tuple[Installation, Queue, SimulatedNodes]]:
    """API and watcher with their usual pauses."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        valkey = Valkey(Path(folder) / "data")
        valkey.start()
        engine = Engine(valkey.url)
        nodes = SimulatedNodes(engine)
        nodes.add(0)
        try:
            with (
                _beating(nodes),
                installation(pages=1, settings=_settings(valkey), keep=keep) as here,
            ):
                yield here, Queue(engine), nodes
        finally:
            valkey.kill(with_data=True)


def _settings(valkey: Valkey) -> dict[str, str]:
    return {
        "CATEGORY_CRAWLER_QUEUE": valkey.url,
        "CATEGORY_CRAWLER_LEASE": str(_LEASE),
        "CATEGORY_CRAWLER_MIN_FREE_BYTES": "0",
        # Else all but two would wait in the database.
        "CATEGORY_CRAWLER_JOBS_IN_QUEUE": "0",
    }


def _queue_runs(here: Installation, queue: Queue, number: int) -> None:
    """Have runs wait, as add_schedule would have it, without a client."""
    request = StoredRequest(BODY | {"postcode": here.new_postcode()})
    arguments = {"name": "category", **crawl_arguments(request)}
    for _ in range(number):
        runner = here.store.runners.add_collection(_USER, "waiting", request, [])
        queue.push(job_name(runner), arguments)


def _check_look(outcome: Outcome, here: Installation, longest: float) -> None:
    command = [sys.executable, "-m", "benchmarks.chaos.watcher_look", str(_LOOKS)]
    said = subprocess.run(
        command, cwd=PROJECT, env=here.environment, capture_output=True, text=True, check=True
    )
    looks = json.loads(said.stdout)
    outcome.highest("slowest look of a watcher in seconds", max(looks))
    outcome.highest("median look in seconds", median(looks))
    if median(looks) > longest:
        outcome.fail(f"A watcher's look took {median(looks):.2f} s, more than {longest} s")


def _p99s(here: Installation, rounds: int, requests: int) -> dict[str, float]:
    """The 99th percentile of each call's answers in milliseconds, the median of the rounds."""
    run = here.schedule()
    bodies = {
        "add_schedule": BODY | {"postcode": run.postcode},
        "result": {"collection_id": run.collection},
    }
    taken: dict[str, list[float]] = {call: [] for call in _CALLS}
    for _ in range(rounds):
        for call in _CALLS:
            url = f"{here.client.root}{CATEGORY}/{call}/"
            asked = waits(Order(url, here.client.key, [bodies[call]], _CLIENTS, requests))
            taken[call].append(asked.p99)
    return {call: median(values) for call, values in taken.items()}


def _compare(outcome: Outcome, call: str, before: float, after: float, most: float) -> None:
    outcome.highest(f"p99 of {call} in ms", after)
    outcome.highest(f"p99 of {call} in ms without", before)
    if after > most * before:
        outcome.fail(
            f"The p99 of {call} is {after:.0f} ms, more than {most} times the {before:.0f} ms "
            "with one node and an empty queue"
        )


LARGE_QUEUE = Trial(
    name="queue",
    deed="20,000 runs wait and 100 nodes beat (simulated)",
    must_hold="a watcher's look ≤ 0.5 s; p99 of add_schedule and result ≤ 1.2 times that without",
    times=1,
    work=_work,
    short_times=1,
    # Beside other tests nothing is as quick as it can be.
    short={
        "runs": 500,
        "rounds": 1,
        "requests": 30,
        "number": 20,
        "most": 20,
        "longest_look": 10.0,
    },
)
