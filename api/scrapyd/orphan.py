"""Ends a job's process that outlived its Scrapyd: nobody else can stop one that hangs."""

import logging
import os
import signal
from contextlib import suppress

from category_crawler.run.reader import RunFolder

logger = logging.getLogger(__name__)


def has_orphan(job: str, attempt: RunFolder, *, kill: bool) -> bool:
    """Whether a spider that Scrapyd does not know writes an attempt; ``kill`` ends it."""
    if not attempt.is_locked:
        return False
    if kill:
        number = attempt.writer
        if number is None:
            logger.error("The spider of job %s is not known: end it by hand", job)
        else:
            kill_orphan(job, number)
    return True


def kill_orphan(job: str, number: int) -> None:
    """Kill a job's process (PID), which Scrapyd does not know any more."""
    logger.warning("Job %s is unknown to Scrapyd: its process %s is killed", job, number)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(number, signal.SIGKILL)
