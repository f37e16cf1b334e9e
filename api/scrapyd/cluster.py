"""The nodes of a cluster as the API asks for jobs: it writes into their queue, through the engine.

No node is asked: a silent one holds nothing up.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from api.scrapyd.job_service import (
    ANSWER_SECONDS,
    Job,
    JobService,
    ScrapydAway,
    ScrapydError,
    ScrapydSilent,
    Slots,
    State,
    States,
)
from category_crawler.cluster.engine import Engine, EngineAway
from category_crawler.cluster.nodes import Nodes, NodeSeen
from category_crawler.cluster.queue import Queue
from category_crawler.pace.engine_lanes import lanes_in_engine
from category_crawler.pace.lane import Lane
from category_crawler.run.reader import RunFolder

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
"""After a failure, for which nobody waits for the engine again: a page asks it many times."""
_SPIDERS = {"r": "category", "z": "delivery", "c": "delivery_check", "p": "preview"}
_SHOWN = 100
"""Waiting jobs that are listed, at most."""


class Cluster(JobService):
    """The jobs of the nodes of a cluster."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue, self._nodes = Queue(engine), Nodes(engine)
        self._away_until, self._why_away = 0.0, ""

    def run(
        self,
        job: str,
        arguments: Mapping[str, str],
        priority: float = 0.0,
        spider: str = "category",
    ) -> None:
        try:
            with self._asking():
                self._queue.push(job, {"name": spider, **arguments}, priority)
        except ScrapydSilent as error:
            logger.warning("Job %s: %s; looked up later", job, error)

    def run_again(
        self, job: str, arguments: Mapping[str, str], priority: float, spider: str
    ) -> None:
        with self._asking():
            self._queue.forget(job)
        self.run(job, arguments, priority, spider)

    def state(self, job: str) -> State | None:
        return self.states_of([job]).get(job)

    def states_of(self, jobs: Sequence[str]) -> States:
        with self._asking():
            return self._queue.states(jobs)

    def running(self) -> list[str]:
        with self._asking():
            return [*self._queue.claims()]

    def queue_position(self, job: str) -> int | None:
        try:
            with self._asking():
                return self._queue.place(job)
        except ScrapydError:
            return None

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        with self._asking():
            return self._queue.stop(job, signal) in ("pending", "running")

    def has_orphan(self, job: str, attempt: RunFolder, *, kill: bool) -> bool:  # noqa: ARG002
        # A spider that lives on somewhere writes into a folder that nobody reads.
        self.end_orphan(job, None)
        return False

    def end_orphan(self, job: str, number: int | None) -> None:  # noqa: ARG002
        with self._asking():
            self._queue.revoke(job)

    def open_jobs(self) -> list[Job]:
        with self._asking():
            running = [Job(job, _spider_of(job), "running") for job in self._queue.claims()]
            waiting = self._queue.first(_SHOWN)
        return [*running, *(Job(one["_job"], one["name"], "pending") for one in waiting)]

    def slots(self, seconds: float = ANSWER_SECONDS) -> Slots:  # noqa: ARG002
        taking = [node for node in self.nodes() if node.is_alive and not node.is_drained]
        total = sum(node.slots for node in taking)
        # Which slot waits since when, only the nodes know.
        return Slots(
            slots=total,
            working=total,
            idle_seconds=0.0,
            waiting=self.waiting(),
            trouble="" if total else "no node takes jobs",
        )

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._asking():
            return self._queue.waiting()

    def nodes(self) -> list[NodeSeen]:
        """The nodes, by name."""
        with self._asking():
            return self._nodes.list()

    def drain(self, name: str) -> bool:
        """Let a node take no more jobs; whether the node is known."""
        with self._asking():
            return self._nodes.drain(name)

    def resume(self, name: str) -> bool:
        """Let a drained node take jobs again; whether the node is known."""
        with self._asking():
            return self._nodes.resume(name)

    def lanes(self) -> dict[Lane, float]:
        """The shops and exits asked within a day; seconds until the next free turn of each."""
        with self._asking():
            return lanes_in_engine(self._engine)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Raise ScrapydAway where the engine was not reached, ScrapydSilent where it said nothing.

        For a moment after that nobody tries again.
        """
        if time.monotonic() < self._away_until:
            raise ScrapydAway(self._why_away)
        try:
            yield
        except EngineAway as error:
            self._why_away = str(error)
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            kind = ScrapydSilent if error.was_sent else ScrapydAway
            raise kind(self._why_away) from error


def _spider_of(job: str) -> str:
    """The spider of one of our jobs, by the first letter of its name."""
    return _SPIDERS.get(job[:1], "")
