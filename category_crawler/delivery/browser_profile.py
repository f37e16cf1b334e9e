"""A temporary folder that is removed when the process that made it exits, even by SIGKILL.

A small helper process waits for that exit. It then kills what still uses the folder, such as a
browser, and removes the folder.
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

from category_crawler.checkout import PROJECT

_PATIENCE = 1.0
"""Seconds in which processes that use the folder may exit by themselves."""
_ATTEMPTS = 50

_kept_open: list[IO[bytes]] = []


def temporary_folder(prefix: str) -> Path:
    """Make a folder in the system's temporary folder; it is removed after this process exits.

    The path is short, because the path of a browser's socket in it is limited to 107 characters.
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
    # The pipe closes when this process exits, in whatever way.
    _kept_open.append(remover.stdin)
    return folder


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and any(_at_work_in(folder)):
        time.sleep(0.05)
    for _ in range(_ATTEMPTS):
        for process in _at_work_in(folder):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _at_work_in(folder: Path) -> Iterator[int]:
    """PIDs of processes with the folder in their arguments or environment; none without /proc."""
    mark = os.fsencode(folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if mark in text and int(process.name) != os.getpid():
                yield int(process.name)


def main() -> int:
    """Wait for the end of standard input, then remove the folder given as argument."""
    # Survive a signal to the whole process group.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    _remove(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
