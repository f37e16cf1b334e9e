"""Scrapyd's poller, which starts jobs from the queue."""

from collections.abc import Generator
from typing import Any

from scrapyd.config import Config
from scrapyd.poller import QueuePoller
from twisted.internet.defer import inlineCallbacks
from twisted.logger import (
    Logger,
)

log = Logger()


class StubbornPoller(QueuePoller):
    """Logs an error and polls again; Scrapyd's own would never poll again and look healthy.

    Once Scrapyd ends, jobs stay in the queue: whatever it started now would outlive it.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.is_ending = False
        self._trouble = ""
        """Why the latest poll failed; empty where it did not."""

    @inlineCallbacks
    def poll(self) -> Generator[Any, Any, None]:
        if self.is_ending:
            return
        try:
            yield super().poll()
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}")
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        """Log a trouble when it begins and when it ends, not at every poll."""
        if trouble and trouble != self._trouble:
            log.error("The queue cannot be read, each poll tries again: {it}", it=trouble)
        elif self._trouble and not trouble:
            log.info("The queue can be read again")
        self._trouble = trouble
