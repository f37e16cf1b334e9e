"""Scrapyd's slots: each runs one job at a time and is freed again, whatever happens to the job."""

import os
from contextlib import suppress
from copy import deepcopy
from time import monotonic
from typing import Any

from scrapyd.interfaces import IPoller
from scrapyd.launcher import Launcher, ScrapyProcessProtocol
from scrapyd.webservice import WsResource
from twisted.internet import reactor, task
from twisted.internet.defer import DeferredList
from twisted.internet.error import ProcessExitedAlready
from twisted.logger import Logger

from category_crawler.crawl.failed_start import record_failed_job
from category_crawler.daemon.job_queue import Message
from category_crawler.errors import NotStarted
from category_crawler.files.trouble import may_pass

log = Logger()

_KILL_SECONDS = 3.0
"""From stopping Scrapyd until its spiders are killed; honcho kills all processes after five."""
_PAUSE_SECONDS = 2.0
"""Between two attempts to start a job while the machine lacks resources."""
_PIPES = 3
"""Per process: standard input, output and error."""


class Slots(Launcher):
    """Starts a job in each free slot.

    Scrapyd's own launcher loses a slot if a job cannot be started or its end cannot be recorded.
    Here a job goes back to the queue if the machine lacks resources, and is recorded as failed if
    it can never be started. Either way the slot is free again.

    The slot numbered ``max_proc`` is for short jobs.
    """

    def __init__(self, config: Any, app: Any) -> None:
        super().__init__(config, app)
        self.trouble = ""
        """Why the latest job could not be started; empty if it could."""
        self._idle_since: dict[int, float] = {}
        """Since when each free slot waits, by the monotonic clock."""

    @property
    def idle_seconds(self) -> float:
        """How long the slot that has waited longest for a job has done so; 0 if none waits."""
        now = monotonic()
        return now - min(self._idle_since.values(), default=now)

    def stopService(self) -> Any:  # noqa: N802, Twisted's name
        """Exit after the spiders; the signal to the process group stops them too."""
        super().stopService()
        self.app.getComponent(IPoller).is_stopping = True
        running = list(self.processes.values())
        for process in running:
            task.deferLater(reactor, _KILL_SECONDS, _kill, process)
        return DeferredList([process.deferred for process in running])

    @property
    def busy(self) -> int:
        """How many slots run a job, without the one for short jobs."""
        return sum(slot < self.max_proc for slot in self.processes)

    def startService(self) -> None:  # noqa: N802, Twisted's name
        super().startService()
        if self.max_proc:
            self._get_short_message()

    def _get_short_message(self) -> None:
        waiting = self.app.getComponent(IPoller).short.get()
        waiting.addCallback(self._spawn_process, self.max_proc)

    def _get_message(self, slot: int) -> None:
        if slot == self.max_proc:
            self._get_short_message()
            return
        self._idle_since[slot] = monotonic()
        super()._get_message(slot)

    def _spawn_process(self, message: Message, slot: int) -> None:
        self._idle_since.pop(slot, None)
        # Scrapyd changes the message; the queue needs the original.
        job = deepcopy(message)
        try:
            super()._spawn_process(message, slot)
        except OSError as error:
            if may_pass(error):
                self._give_back(job, slot, error)
            else:
                self._refuse(job, slot, error)
        except Exception as error:
            self._refuse(job, slot, error)
        else:
            self.trouble = ""

    def _process_finished(self, result: Any, slot: int) -> None:
        try:
            super()._process_finished(result, slot)
        except Exception:
            log.failure("The end of a job could not be recorded")
            self._get_message(slot)

    def _give_back(self, job: Message, slot: int, error: OSError) -> None:
        """Put a job back into the queue, and retry after a pause."""
        log.warn("Job {job} has to wait: {error}", job=job["_job"], error=error)
        self.trouble = error.strerror or str(error)
        self._put_back(job)
        task.deferLater(reactor, _PAUSE_SECONDS, self._get_message, slot)

    def _put_back(self, job: Message) -> None:
        queue = self.app.getComponent(IPoller).queues[job.pop("_project")]
        queue.give_back({"name": job.pop("_spider")} | job)

    def _refuse(self, job: Message, slot: int, error: Exception) -> None:
        """Record a job that can never be started as failed, and free its slot."""
        log.error("Job {job} cannot be started: {error}", job=job["_job"], error=error)
        reason = NotStarted(f"The job could not be started: {error}")
        try:
            record_failed_job(job["_spider"], job["_job"], job.get("run", ""), reason)
        except Exception:
            log.failure("The failure of job {job} could not be recorded", job=job["_job"])
        self.trouble = ""
        self._get_message(slot)


class SlotStatus(WsResource):
    """``slots.json``: the number of slots, and why jobs cannot be started, if so."""

    def render_GET(self, txrequest: Any) -> dict[str, Any]:  # noqa: ARG002, N802, Twisted's name
        launcher, poller = self.root.launcher, self.root.poller
        busy, free = launcher.busy, len(poller.dq.waiting)
        return {
            "slots": launcher.max_proc,
            "working": busy + free,
            "idle_seconds": launcher.idle_seconds,
            "waiting": sum(queue.count() for queue in poller.queues.values()),
            "trouble": self._trouble(),
        }

    def _trouble(self) -> str:
        launcher, queues = self.root.launcher, self.root.poller.queues.values()
        databases = (*queues, launcher.finished)
        reasons = (_why_no_pipe(), *(database.why_not_writable for database in databases))
        if reason := next(filter(None, reasons), ""):
            return str(reason)
        # Without a waiting job nothing has shown yet whether an old trouble is over.
        return str(launcher.trouble) if any(queue.count() for queue in queues) else ""


def _why_no_pipe() -> str:
    """Why a process's pipes cannot be opened now; empty if they can."""
    opened: list[int] = []
    try:
        for _ in range(_PIPES):
            opened += os.pipe()
    except OSError as error:
        return error.strerror or str(error)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return ""


def _kill(process: ScrapyProcessProtocol) -> None:
    # A hanging request can delay a spider without limit; its rows are on disk.
    with suppress(ProcessExitedAlready):
        process.transport.signalProcess("KILL")
