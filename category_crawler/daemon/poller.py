"""Scrapyd's poller, which takes jobs from the queue."""

from collections.abc import Generator
from typing import Any

from scrapyd.config import Config
from scrapyd.poller import QueuePoller
from twisted.internet.defer import DeferredQueue, inlineCallbacks
from twisted.logger import Logger

log = Logger()


class RetryingPoller(QueuePoller):
    """Logs an error and continues; Scrapyd's own poller would stop without a sign of it.

    It takes no job while Scrapyd stops, because the new process would outlive Scrapyd.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.short: DeferredQueue[Any] = DeferredQueue()
        """Where the slot for short jobs waits, as the others do in ``dq``."""
        self.is_stopping = False
        self._trouble = ""
        """Why the latest poll failed; empty if it did not."""

    @inlineCallbacks
    def poll(self) -> Generator[Any, Any, None]:
        if self.is_stopping:
            return
        try:
            yield self._take_jobs()
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}")
        else:
            self._note("")

    @inlineCallbacks
    def _take_jobs(self) -> Generator[Any, Any, None]:
        """Give waiting jobs to free slots."""
        yield super().poll()
        for project, queue in self.queues.items():
            while self.short.waiting and (message := queue.pop_short()):
                self.short.put({"_project": project, "_spider": message.pop("name"), **message})

    def _note(self, trouble: str) -> None:
        """Log an error when it starts and when it is over, not at every poll."""
        if trouble and trouble != self._trouble:
            log.error("The queue cannot be read; each poll retries: {it}", it=trouble)
        elif self._trouble and not trouble:
            log.info("The queue can be read again")
        self._trouble = trouble
