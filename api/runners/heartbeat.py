"""The watcher's sign of life: a file that it touches at every look."""

import time
from contextlib import suppress
from pathlib import Path

from category_crawler.files.home import var_folder


def beat() -> None:
    """Show that the watcher lives."""
    _file().touch()


def seconds_since_beat() -> float | None:
    """Seconds since the watcher last showed that it lives; None where it never has."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return max(0.0, time.time() - _file().stat().st_mtime)
    return None


def _file() -> Path:
    return var_folder() / "watcher.alive"
