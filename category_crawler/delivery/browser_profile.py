"""A temporary folder that goes with the process that made it, even where that one is killed.

A small process of its own waits for the maker's end, ends what still works in the folder, such as
a browser over its profile, and removes it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from category_crawler.files.home import PROJECT

_PATIENCE = 1.0
"""Seconds for which those at work may end by themselves."""
_TRIES = 50

_kept_open: list[IO[bytes]] = []


def temporary_folder(prefix: str) -> Path:
    """Make a folder that is removed when this process ends, where the system has such ones.

    Its path is short: a browser's socket in it may have 107 characters.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    remover = subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert remover.stdin is not None
    # The pipe closes when this process is gone, however it went.
    _kept_open.append(remover.stdin)
    return folder


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and any(_at_work_in(folder)):
        time.sleep(0.05)
    for _ in range(_TRIES):
        for process in _at_work_in(folder):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _at_work_in(folder: Path) -> Iterator[int]:
    """Processes that were told of the folder, by argument or environment; none without /proc."""
    mark = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if mark in told and int(process.name) != os.getpid():
                yield int(process.name)


def main() -> int:
    """Wait for the end of standard input, then remove the folder named by the argument."""
    # Whoever ends the maker's group does not end this.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    _remove(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
