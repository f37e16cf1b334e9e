"""Stops a service when the process that started it has gone, even if that one was killed."""

import os
import select
import signal
import threading
import time
from contextlib import suppress

PARENT = "CATEGORY_CRAWLER_PARENT"
"""Environment variable: the PID of the process that this one must not outlive."""

_POLL_SECONDS = 0.5


def exit_with_parent(patience: float = 5) -> None:
    """Stop this process once the one in ``PARENT`` has gone; do nothing if it is not set.

    Sends SIGTERM to this process, or to its process group if it leads one, and exits by force
    ``patience`` seconds later. Child processes do not inherit ``PARENT``.
    """
    parent = os.environ.pop(PARENT, "")
    if parent.isascii() and parent.isdigit():
        watching = threading.Thread(target=_end_after, args=(int(parent), patience), daemon=True)
        watching.start()


def has_exited(number: int, within: float | None = 0) -> bool:
    """Whether a process (PID) has exited, or exits ``within`` seconds; None waits without limit.

    On Linux, a process that has exited but is not reaped yet counts as exited.
    """
    try:
        descriptor = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):
        # Only Linux has pidfd_open, and some containers forbid it.
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
            # Signal 0 only checks. PermissionError: the process exists and is another user's.
            with suppress(PermissionError):
                os.kill(number, 0)
        except ProcessLookupError:
            return True
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _end_after(parent: int, patience: float) -> None:
    has_exited(parent, within=None)
    leads_group = os.getpgrp() == os.getpid()
    (os.killpg if leads_group else os.kill)(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os._exit(1)
