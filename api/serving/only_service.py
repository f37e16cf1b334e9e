"""One home is served by one process: its lock, and the file with its PID."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from api.serving.cannot_serve import CannotServe
from category_crawler.files.home import home, serve_lock, var_folder
from category_crawler.process_watch import has_exited


@contextmanager
def only_service() -> Iterator[None]:
    """Keep others from serving this home. Raises CannotServe if another process serves it."""
    lock = FileLock(serve_lock())
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CannotServe(
            f"process {_server()} already serves the home {home()}: stop that one first, or name "
            "another home with CATEGORY_CRAWLER_HOME"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def pid_file() -> Iterator[None]:
    """Have a file say which process serves this home; it stays if that process is killed."""
    _pid_file().write_text(str(os.getpid()))
    try:
        yield
    finally:
        _pid_file().unlink(missing_ok=True)


def was_killed() -> bool:
    """Whether the last process that served this home was killed."""
    try:
        return has_exited(int(_pid_file().read_text()))
    except (OSError, ValueError, OverflowError):
        return False


def _server() -> str:
    """The PID of the process that serves this home, as text."""
    with suppress(OSError):
        return _pid_file().read_text()
    return "(unknown)"


def _pid_file() -> Path:
    return var_folder() / "serve.pid"
