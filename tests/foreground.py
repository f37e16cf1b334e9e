"""Processes that heed what a terminal tells its foreground, wherever the tests were started."""

import signal


def heed_signals() -> None:
    """For a new process, before its program begins.

    What nohup or a shell's background starts ignores HUP or INT, and so would its children.
    """
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
