"""CPU affinity: the cores that the threads of this process run on."""

import os
import sys

_TURN_SECONDS = 0.05
_CAN_CHOOSE = hasattr(os, "sched_setaffinity")
_ALL = os.sched_getaffinity(0) if _CAN_CHOOSE else set()
"""The cores that the process started with."""


def share_one_core() -> None:
    """Run this process's threads on one core if the system allows it, and switch them rarely.

    The interpreter lock lets one thread run at a time. On several cores, threads hand it over at
    every file access and query, and that costs more than the work. Threads already yield at those
    calls, so the usual switch interval of 5 ms only adds more switches.
    """
    sys.setswitchinterval(_TURN_SECONDS)
    if _CAN_CHOOSE:
        os.sched_setaffinity(0, {max(_ALL)})


def leave_shared_core() -> None:
    """Let the calling thread, and processes that it starts, use every core again."""
    if _CAN_CHOOSE:
        os.sched_setaffinity(0, _ALL)
