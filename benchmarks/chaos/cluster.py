"""A cluster for one trial: an installation whose jobs run on nodes, over an engine of its own."""

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.chaos.installation import tried
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome
from benchmarks.client import Ordered
from benchmarks.installation import Installation
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import Nodes, NodeSeen
from category_crawler.cluster.queue import Queue
from tests.cluster.cut import Cut, cutting
from tests.cluster.valkey import Valkey
from tests.crawls import QUICK
from tests.processes import numbers_over, spiders_over
from tests.waiting import until

NODES = ("attic", "cellar", "garage")
LEASE = 3.0
LOST_AFTER = 1.0
AGAIN_SECONDS = LEASE + LOST_AFTER + 2
"""Within which the runs of a node that is gone must be queued again."""
_DELAY = 0.02
_USELESS_LOCKS = Path(__file__).parent / "useless_locks"
_CONSOLE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the trials of a cluster work with."""

    here: Installation
    valkey: Valkey
    queue: Queue
    """The trial's own view of the engine."""
    nodes: Nodes
    names: tuple[str, ...]
    cuts: dict[str, Cut] = field(default_factory=dict)
    """What lies between a node and the engine, by the node's name, where anything does."""

    def set_pages_in_flight(self, number: int) -> None:
        """How many pages a spider that starts from now on asks for at the same time.

        All of them share a pace, which is quick.
        """
        paced = QUICK.replace("DOWNLOAD_DELAY = 0", f"DOWNLOAD_DELAY = {_DELAY}")
        self.here.home.settings(f"{paced}CONCURRENT_REQUESTS_PER_DOMAIN = {number}\n")

    def spiders_on(self, name: str) -> dict[int, str]:
        """A node's spiders, each process with its job's name."""
        return spiders_over(self.here.home.folder, name)

    def jobs_on(self, name: str) -> set[str]:
        """The jobs that a node has claimed."""
        return {job for job, claim in self.queue.claims().items() if claim.node == name}

    def signal_all(self, name: str, number: int) -> None:
        """Signal everything that runs on a node."""
        for process in numbers_over(self.here.home.folder, name):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def kill(self, name: str) -> None:
        """Kill everything that runs on a node, as a machine does that loses its power."""
        # A spider that starts just now may have been overlooked.
        while numbers_over(self.here.home.folder, name):
            self.signal_all(name, signal.SIGKILL)
            self.here.programs[name].kill()

    def start(self, name: str) -> None:
        """Start a node that was killed, and wait until the engine has heard of it."""
        before = {node.incarnation for node in self.nodes.list()}
        self.here.programs[name].start()
        until(lambda: {node.name for node in self._alive() if node.incarnation not in before}, bool)

    def wait_for_all(self) -> None:
        """Wait until every node is heard of."""
        until(lambda: {node.name for node in self._alive()}, lambda alive: alive == {*self.names})

    def console(self, name: str, call: str, **form: str) -> dict[str, Any]:
        """What a node's console answers to a form."""
        program = self.here.programs[name]
        folder = Path(program.environment["CATEGORY_CRAWLER_VAR"])
        session = requests.Session()
        session.trust_env = False
        answer = session.post(
            f"http://127.0.0.1:{program.environment['SCRAPYD_PORT']}/{call}",
            data={"project": "default"} | form,
            auth=("crawler", (folder / "scrapyd.password").read_text().strip()),
            timeout=_CONSOLE_SECONDS,
        )
        values: dict[str, Any] = answer.json()
        return values

    def wait_for(self, moment: Moment, runs: Sequence[Ordered]) -> None:
        """Wait for a moment in the life of runs, or until all runs have ended."""
        moment.wait(lambda: self.pages_of(runs), lambda: not self.here.store.runners.open())

    def pages_of(self, runs: Sequence[Ordered]) -> int:
        """How many pages runs have asked for."""
        return sum(self.here.asked_for(run).total() for run in runs)

    def _alive(self) -> list[NodeSeen]:
        return [node for node in self.nodes.list() if node.is_alive]


@contextmanager
def clustered(
    outcome: Outcome,
    *,
    pages: int,
    names: Sequence[str] = NODES,
    settings: Mapping[str, str] = {},
    are_cut: bool = False,
    **others: Any,
) -> Iterator[Cluster]:
    """Nodes, API and watcher with short pauses; locks do not work between the nodes.

    Where the nodes ``are_cut``, each reaches the engine by a way of its own, that can be cut.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="engine-"))
        valkey = Valkey(Path(folder) / "data")
        valkey.start()
        stack.callback(valkey.kill, with_data=True)
        cuts = {name: stack.enter_context(cutting(valkey.port)) for name in names if are_cut}
        all_settings = {
            "CATEGORY_CRAWLER_QUEUE": valkey.url,
            "CATEGORY_CRAWLER_LEASE": str(LEASE),
            "CATEGORY_CRAWLER_LOST_AFTER": str(LOST_AFTER),
            # All of the user's runs wait in the engine: the backlog of many users.
            "CATEGORY_CRAWLER_JOBS_IN_QUEUE": "0",
            **settings,
        }
        own = {name: _own(cuts.get(name)) for name in names}
        here = stack.enter_context(
            tried(outcome, pages=pages, settings=all_settings, nodes=own, **others)
        )
        engine = Engine(valkey.url)
        made = Cluster(here, valkey, Queue(engine), Nodes(engine), tuple(names), cuts)
        made.set_pages_in_flight(1)
        made.wait_for_all()
        yield made


def _own(cut: Cut | None) -> dict[str, str]:
    """What a node has for itself in its environment."""
    way = {"CATEGORY_CRAWLER_QUEUE": f"redis://127.0.0.1:{cut.port}"} if cut else {}
    return {"PYTHONPATH": str(_USELESS_LOCKS)} | way
