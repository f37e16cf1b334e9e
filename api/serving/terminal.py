"""Stops the service when its terminal is closed."""

import os
import signal
import sys
from types import FrameType


def stop_with_the_terminal() -> None:
    """Stop everything when the terminal is closed, unless started with nohup.

    Honcho handles only SIGINT and SIGTERM; SIGHUP would kill it and leave its programs running.
    """
    honcho = os.getpid()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # The terminal is closed; writing to it would fail.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        os.kill(honcho, signal.SIGTERM)

    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
