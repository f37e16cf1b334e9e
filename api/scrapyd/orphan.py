"""Ends a job's process that outlived its Scrapyd: nobody else can stop one that hangs."""

import logging
import os
import signal
from contextlib import suppress

logger = logging.getLogger(__name__)


def kill_orphan(job: str, number: int) -> None:
    """Kill a job's process (PID), which Scrapyd does not know any more."""
    logger.warning("Job %s is unknown to Scrapyd: its process %s is killed", job, number)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(number, signal.SIGKILL)
