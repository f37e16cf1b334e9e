"""The watcher's heartbeat: a file that it touches at every refresh."""

import time
from contextlib import suppress
from pathlib import Path

from category_crawler.files.home import var_folder


def beat() -> None:
    """Touch the file."""
    _file().touch()


def seconds_since_beat() -> float | None:
    """Seconds since the latest heartbeat; None if there has been none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return max(0.0, time.time() - _file().stat().st_mtime)
    return None


def _file() -> Path:
    return var_folder() / "watcher.alive"
