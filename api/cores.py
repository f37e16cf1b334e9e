"""Which cores the threads of this process run on."""

import os
import sys

_TURN_SECONDS = 0.05
_CAN_CHOOSE = hasattr(os, "sched_setaffinity")
_ALL = os.sched_getaffinity(0) if _CAN_CHOOSE else set()
"""The cores that the process began with."""


def share_one_core() -> None:
    """Have this process's threads take long turns, on one core where the system lets it choose.

    Only one thread at a time can run Python. On several cores they wake each other at every file
    and query, which takes longer than the work does. At such a file a thread makes way for others;
    one that is made to sooner, after the usual 5 ms, only waits for its turn once more.
    """
    sys.setswitchinterval(_TURN_SECONDS)
    if _CAN_CHOOSE:
        os.sched_setaffinity(0, {max(_ALL)})


def leave_shared_core() -> None:
    """Let the calling thread, and the processes that it starts, run on every core again."""
    if _CAN_CHOOSE:
        os.sched_setaffinity(0, _ALL)
