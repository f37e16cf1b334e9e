"""Lets test processes react to SIGHUP and SIGINT, even if the tests run in the background."""

import signal


def heed_signals() -> None:
    """Run this in a new process, before its program starts.

    Processes started with nohup or in the background ignore SIGHUP or SIGINT, and so do their
    children.
    """
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
