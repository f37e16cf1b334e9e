"""A run on disk as one who does not write it sees it."""

import fcntl
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json

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
        self.rows = path / ROWS
        """The result file, which is there once the run is done."""
        self.partial_rows = path / PARTIAL_ROWS
        """The rows written so far; its last line may be cut."""
        self._job, self._journal, self._lock = path / JOB, path / JOURNAL, path / LOCK
        self._progress, self._summary = path / PROGRESS, path / SUMMARY

    @property
    def has_begun(self) -> bool:
        """Whether a spider has ever written here."""
        return self._job.exists()

    @property
    def is_held(self) -> bool:
        """Whether a spider that writes here is alive."""
        try:
            with self._lock.open("rb", buffering=0) as lock:
                return not try_lock(lock, fcntl.LOCK_SH)
        except _ABSENT:
            return False

    @property
    def summary(self) -> dict[str, Any] | None:
        """How the run ended, or None where it has not."""
        return _read_json(self._summary)

    @property
    def attempt_began_at(self) -> float:
        """When the newest spider began to write here, in seconds since 1970; 0 before the first.

        From then on rows may be cut off that were there before.
        """
        return _changed_at(self._lock)

    @property
    def journal_size(self) -> int:
        """Bytes of the journal: it grows with every page finished."""
        with suppress(*_ABSENT):
            return self._journal.stat().st_size
        return 0

    def is_quiet(self, seconds: float) -> bool:
        """Whether its spider has given no sign of life for so long, the pause that it announced
        apart; False where no spider has ever written here."""
        told = _changed_at(self._progress)
        if time.time() - told < seconds:
            return False
        begun = self.attempt_began_at
        if not begun or time.time() - begun < seconds:
            return False
        pause: float = self.progress.get("pause", {}).get("seconds", 0)
        return time.time() - told - pause >= seconds

    @property
    def progress(self) -> dict[str, Any]:
        """Where the run stands; empty before the first page."""
        return _read_json(self._progress) or {}

    @property
    def has_rows(self) -> bool:
        """Whether there is a result file, or one of rows written so far."""
        return self.partial_rows.exists() or self.rows.exists()

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
    try:
        return path.stat().st_mtime
    except _ABSENT:
        return 0


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb", buffering=0) as file:
            values: dict[str, Any] = from_json(file.read())
            return values
    except _ABSENT:
        return None
