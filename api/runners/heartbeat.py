"""The watcher's heartbeat: a file that it touches at every refresh."""

import time
from contextlib import suppress
from pathlib import Path

from category_crawler.files.home import var_folder


def beat(seconds: float = 0.0) -> None:
    """Touch the file, and write into it how long the refresh before this one took."""
    _file().touch()
    # On a full disk the heart goes on beating.
    with suppress(OSError):
        _file().write_text(f"{seconds:.3f}")


def seconds_since_beat() -> float | None:
    """Seconds since the latest heartbeat; None if there has been none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return max(0.0, time.time() - _file().stat().st_mtime)
    return None


def seconds_of_round() -> float | None:
    """Seconds that the watcher's latest whole refresh took; None where it has not said."""
    with suppress(OSError, ValueError):
        return float(_file().read_text())
    return None


def _file() -> Path:
    return var_folder() / "watcher.alive"
