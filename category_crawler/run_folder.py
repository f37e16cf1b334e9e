"""A run on disk as one who does not write it sees it."""

import fcntl
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ROWS = "category_asins.json"
PARTIAL_ROWS = "products.part"
SPONSORED = "sponsored.part"
JOURNAL = "journal.jsonl"
SUMMARY = "summary.json"
PROGRESS = "progress.json"
JOB = "job.json"
LOCK = "run.lock"

_ABSENT = (FileNotFoundError, NotADirectoryError)
"""What is raised where there is no run, or where something else lies in its folder's place."""


class RunFolder:
    """A run as one who does not write it sees it; what is not there yet is None or empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def has_begun(self) -> bool:
        """Whether a spider has ever written here."""
        return (self.path / JOB).exists()

    @property
    def is_held(self) -> bool:
        """Whether a spider that writes here is alive."""
        try:
            with (self.path / LOCK).open("rb") as lock:
                return not try_lock(lock, fcntl.LOCK_SH)
        except _ABSENT:
            return False

    @property
    def summary(self) -> dict[str, Any] | None:
        """How the run ended, or None where it has not."""
        return _read_json(self.path / SUMMARY)

    @property
    def journal_size(self) -> int:
        """Bytes of the journal: it grows with every page finished."""
        with suppress(*_ABSENT):
            return (self.path / JOURNAL).stat().st_size
        return 0

    def is_quiet(self, seconds: float) -> bool:
        """Whether its spider has given no sign of life for so long, the pause that it announced
        apart; False where no spider has ever written here."""
        begun, told = _changed_at(self.path / LOCK), _changed_at(self.path / PROGRESS)
        if not begun or time.time() - max(begun, told) < seconds:
            return False
        pause: float = self.progress.get("pause", {}).get("seconds", 0)
        return time.time() - told - pause >= seconds

    @property
    def progress(self) -> dict[str, Any]:
        """Where the run stands; empty before the first page."""
        return _read_json(self.path / PROGRESS) or {}

    @property
    def rows(self) -> Path:
        """The result file, which is there once the run is done."""
        return self.path / ROWS

    @property
    def partial_rows(self) -> Path:
        """The rows written so far; its last line may be cut."""
        return self.path / PARTIAL_ROWS

    @property
    def kept(self) -> int:
        """Whole rows written so far."""
        with suppress(*_ABSENT), self.partial_rows.open("rb") as rows:
            return sum(line.endswith(b"\n") for line in rows)
        return 0


def try_lock(file: IO[bytes], kind: int) -> bool:
    """Take a lock of ``fcntl``'s kind without waiting; whether it was free."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _changed_at(path: Path) -> float:
    """In seconds since 1970; 0 where there is no such file."""
    with suppress(*_ABSENT):
        return path.stat().st_mtime
    return 0


def _read_json(path: Path) -> dict[str, Any] | None:
    with suppress(*_ABSENT):
        values: dict[str, Any] = json.loads(path.read_bytes())
        return values
    return None
