"""A node of a cluster: it looks at the engine, does what it is told, and takes jobs."""

import signal
import time
from collections.abc import Sequence
from typing import Any

from scrapyd.config import Config
from scrapyd.launcher import ScrapyProcessProtocol
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, DeferredLock, DeferredQueue, ensureDeferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from category_crawler import __version__
from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import engine_of_cluster
from category_crawler.cluster.membership import exit_name, lease, node_name
from category_crawler.cluster.nodes import NodeReport, Nodes, Orders, Signal
from category_crawler.cluster.queue import Claimed, Queue, SignalName, State
from category_crawler.daemon.address import PROJECT, console
from category_crawler.daemon.cancellation import note_cancelled
from category_crawler.daemon.cluster_queue import ClusterQueue
from category_crawler.daemon.poller import RetryingPoller
from category_crawler.daemon.short_jobs import SHORT_SPIDERS
from category_crawler.daemon.webservices import run_in
from category_crawler.times import steady

log = Logger()

CLAIM_FIELD = "_claim"
"""Where a message holds the text of its claim on its way to the process."""
_SHOWN = 100
"""Waiting jobs that the console shows, at most."""
_SHOWN_SECONDS = 2.0
"""Between two pictures of them."""


class ClusterPoller(RetryingPoller):
    """Takes jobs from the engine's queue, as long as the engine knows that the node is there.

    Calls of the engine run in threads, one after another, because Scrapyd must not wait. What the
    node knows changes in Twisted's thread only.
    """

    processes: dict[int, ScrapyProcessProtocol]
    """The launcher's processes."""
    max_proc: int
    """The launcher's number of slots."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        engine = engine_of_cluster()
        self._queue, self._nodes = Queue(engine), Nodes(engine)
        self._lease = lease()
        self._incarnation = ""
        """Given by the engine at the first look."""
        self._claims: dict[str, Claim] = {}
        """Of jobs that run, and of those whose end the engine has not taken yet."""
        self._ended: set[str] = set()
        self._sent: dict[str, Signal] = {}
        """The newest signal that each job's process has got."""
        self._is_drained = False
        self._takes_from = 0.0
        """When jobs may be taken again; see :meth:`_look`."""
        self._shown_at = 0.0
        self._looks = DeferredLock()

    @property
    def picture(self) -> ClusterQueue:
        """What the console shows of the queue."""
        shown: ClusterQueue = self.queues[PROJECT]
        return shown

    def end(self, job: str) -> None:
        """Take note that a job's process has ended, or can never start."""
        self._ended.add(job)
        task.deferLater(reactor, 0, self.poll)

    def give_back(self, job: str) -> None:
        """Let the job wait again: the next look releases a claim of which the node says nothing."""
        self._claims.pop(job, None)

    def farewell(self) -> Deferred[None]:
        """Tell the engine which jobs have ended, before Scrapyd exits."""
        told: Deferred[None] = self._looks.run(lambda: ensureDeferred(self._tell_ends()))
        return told.addErrback(lambda failure: log.warn("{it}", it=failure.getErrorMessage()))

    async def cancel(self, job: str, name: SignalName) -> State | None:
        """Cancel or kill a job of any node; its state before. Raises EngineAway or OSError."""
        if self._process(job):
            self._signal(job, name)
            return "running"
        message = await deferToThread(self._queue.message, job)
        if name == "INT" and message:
            _note(message.get("run", ""))
        before: State | None = await deferToThread(self._queue.stop, job, name)
        return None if before == "finished" else before

    def _take_jobs(self) -> Deferred[None]:
        if self._looks.waiting:
            return succeed(None)
        return self._looks.run(lambda: ensureDeferred(self._look()))

    async def _look(self) -> None:
        if not self._incarnation:
            self._incarnation = await deferToThread(self._nodes.enroll)
        await self._tell_ends()
        orders = await deferToThread(self._nodes.beat, self._report(), self._lease)
        if orders.is_superseded:
            self._give_way()
            return
        self._obey(orders)
        for claim in orders.unknown:
            await deferToThread(self._queue.release, claim)
        if self._trouble:
            # An engine that comes back may hold jobs as waiting that other nodes run. They say so
            # at their next looks.
            self._takes_from = steady() + 2 * self._lease / 5
        if steady() >= self._takes_from and not orders.is_drained:
            await self._fill_slots(self.dq)
            await self._fill_slots(self.short, SHORT_SPIDERS)
        await self._show(orders.waiting)

    async def _tell_ends(self) -> None:
        for job in [*self._ended]:
            if claim := self._claims.get(job):
                await deferToThread(self._queue.finish, claim)
            self._ended.discard(job)
            self._claims.pop(job, None)
            self._sent.pop(job, None)

    def _report(self) -> NodeReport:
        return NodeReport(
            node_name(),
            self._incarnation,
            __version__,
            self.max_proc,
            exit_name(),
            console().url,
            time.time(),
            self._is_drained,
            tuple(self._claims.values()),
        )

    def _obey(self, orders: Orders) -> None:
        self._is_drained = orders.is_drained
        for job in orders.lost:
            log.warn("Job {job} is not this node's any more: its process is killed", job=job)
            self._send(job, "KILL")
        for job, newest in orders.signals.items():
            if self._sent.get(job) != newest:
                self._signal(job, newest.name)
                self._sent[job] = newest

    async def _fill_slots(self, slots: DeferredQueue[Any], only: Sequence[str] = ()) -> None:
        """Take jobs for the slots that wait, ``only`` those of some spiders if any are named."""
        while slots.waiting:
            asked = steady()
            claimed = await deferToThread(self._queue.pop, node_name(), self._incarnation, only)
            if claimed is None:
                return
            # The process may have been frozen meanwhile.
            if self.is_stopping or not slots.waiting or steady() - asked > self._lease / 2:
                await deferToThread(self._queue.release, claimed.claim)
                return
            self._claims[claimed.claim.job] = claimed.claim
            slots.put(_for_scrapyd(claimed))

    async def _show(self, waiting: int) -> None:
        self.picture.waiting = waiting
        if steady() - self._shown_at > _SHOWN_SECONDS:
            self._shown_at = steady()
            self.picture.first = await deferToThread(self._queue.first, _SHOWN)

    def _note(self, trouble: str) -> None:
        super()._note(trouble)
        self.picture.why_not_writable = trouble

    def _give_way(self) -> None:
        log.critical(
            "Another node has been started under the name {name}: this one ends", name=node_name()
        )
        for process in self.processes.values():
            self._send(process.job, "KILL")
        signal.raise_signal(signal.SIGTERM)

    def _process(self, job: str) -> ScrapyProcessProtocol | None:
        return next((it for it in self.processes.values() if it.job == job), None)

    def _signal(self, job: str, name: SignalName) -> None:
        """Send a signal, and with SIGINT write the note of a cancelled job. Raises OSError."""
        process = self._process(job)
        if name == "INT" and process:
            _note(run_in(process.args))
        self._send(job, name)

    def _send(self, job: str, name: SignalName) -> None:
        if process := self._process(job):
            try:
                process.transport.signalProcess(name)
            except ProcessExitedAlready:
                log.debug("Job {job} has ended already", job=job)


def _note(run: str) -> None:
    """Write the note of a cancelled job, unless it has no run."""
    if run:
        note_cancelled(run)


def _for_scrapyd(claimed: Claimed) -> dict[str, Any]:
    message = claimed.message
    spider = message.pop("name")
    return message | {"_project": PROJECT, "_spider": spider, CLAIM_FIELD: claimed.claim.text}
