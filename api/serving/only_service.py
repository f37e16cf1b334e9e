"""One home is served by one process: its lock, and the file with its PID."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from api.serving.cannot_serve import CannotServe
from category_crawler.files.home import home, serve_lock, var_folder
from category_crawler.files.sole_holder import held_alone
from category_crawler.process_watch import has_exited


def only_service() -> AbstractContextManager[None]:
    """Keep others from serving this home. Raises CannotServe if another process serves it."""
    return held_alone(serve_lock(), _served_already)


def _served_already() -> CannotServe:
    return CannotServe(
        f"process {_server()} already serves the home {home()}: stop that one first, or name "
        "another home with CATEGORY_CRAWLER_HOME"
    )


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
