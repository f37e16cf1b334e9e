"""Ends a service with the process that started it, even where that one is killed."""

import os
import select
import signal
import threading
import time
from contextlib import suppress

PARENT = "CATEGORY_CRAWLER_PARENT"
"""Environment variable: the number of the process without which this one does not go on."""

_POLL_SECONDS = 0.5


def end_with_parent(patience: float = 5) -> None:
    """End this process after the one that ``PARENT`` names; without it, do nothing.

    It gets SIGTERM, with its process group where it leads one, and is ended by force when it is
    still there ``patience`` seconds later. Processes that it starts do not inherit ``PARENT``.
    """
    parent = os.environ.pop(PARENT, "")
    if parent.isascii() and parent.isdigit():
        watching = threading.Thread(target=_end_after, args=(int(parent), patience), daemon=True)
        watching.start()


def has_ended(number: int, within: float | None = 0) -> bool:
    """Whether a process is gone, or goes within so many seconds; None waits until it is gone.

    On Linux a process that is gone and not reaped yet counts as gone.
    """
    try:
        descriptor = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):
        # Only Linux has it, and some containers forbid it.
        return _ends_while_polled(number, within)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(None if within is None else within * 1000))
    finally:
        os.close(descriptor)


def _ends_while_polled(number: int, within: float | None) -> bool:
    deadline = None if within is None else time.monotonic() + within
    while True:
        try:
            # Signal 0 is sent to nobody. PermissionError: it is there, and another user's.
            with suppress(PermissionError):
                os.kill(number, 0)
        except ProcessLookupError:
            return True
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _end_after(parent: int, patience: float) -> None:
    has_ended(parent, within=None)
    leads_group = os.getpgrp() == os.getpid()
    (os.killpg if leads_group else os.kill)(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os._exit(1)
