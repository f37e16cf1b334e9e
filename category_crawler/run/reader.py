"""A run on disk as one who does not write it sees it."""

import fcntl
import os
import stat
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from category_crawler.files.record_file import NotReadable, open_file, read_record, tell_of
from category_crawler.run.records import Progress, Summary
from category_crawler.run.rows import lines_of, looks_like_row, rows_of_array

ROWS = "category_asins.json"
PARTIAL_ROWS = "products.part"
SPONSORED = "sponsored.part"
JOURNAL = "journal.jsonl"
SUMMARY = "summary.json"
PROGRESS = "progress.json"
JOB = "job.json"
LOCK = "run.lock"
_ABSENT = (FileNotFoundError, NotADirectoryError, NotReadable)
"""What is raised where there is no file, or where something else lies in its place."""


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
        return os.path.lexists(self._job) or self.journal_size > 0

    @property
    def is_held(self) -> bool:
        """Whether a spider that writes here is alive."""
        with suppress(*_ABSENT), open_file(self._lock) as lock:
            return not try_lock(lock, fcntl.LOCK_SH)
        return False

    @property
    def summary(self) -> Summary | None:
        """How the run ended, or None where it has not said so. Raises OSError, see read_record."""
        return read_record(self._summary, Summary)

    @property
    def progress(self) -> Progress | None:
        """Where the run stands; None before the first page. Raises OSError, see read_record."""
        return read_record(self._progress, Progress)

    @property
    def is_done(self) -> bool:
        """Whether the run says that it is done, and its result file is there as it says."""
        summary = self.summary
        if summary is None or summary.stage != "done":
            return False
        return self.has_whole_result(summary.asin_count)

    def has_whole_result(self, number: int | None = None) -> bool:
        """Whether the result file is there, whole, and holds so many rows where that is known."""
        status = _status(self.rows)
        if status is None:
            return False
        found = _rows_in(self.rows, (status.st_mtime_ns, status.st_size, status.st_ino))
        if found is not None and number in (None, found):
            return True
        tell_of(self.rows, f"it holds {'no whole list' if found is None else f'{found} rows'}")
        return False

    @property
    def attempt_began_at(self) -> float:
        """When the newest spider began to write here, in seconds since 1970; 0 before the first.

        From then on rows may be cut off that were there before.
        """
        return _changed_at(self._lock)

    @property
    def journal_size(self) -> int:
        """Bytes of the journal: it grows with every page finished."""
        status = _status(self._journal)
        return status.st_size if status and _is_file(self._journal) else 0

    def is_quiet(self, seconds: float) -> bool:
        """Whether its spider has given no sign of life for so long, the pause that it announced
        apart; False where no spider has ever written here."""
        told = _changed_at(self._progress)
        if time.time() - told < seconds:
            return False
        begun = self.attempt_began_at
        if not begun or time.time() - begun < seconds:
            return False
        progress = self.progress
        pause = progress.pause.seconds if progress and progress.pause else 0
        return time.time() - told - pause >= seconds

    @property
    def has_rows(self) -> bool:
        """Whether there is a result file, or one of rows written so far."""
        return _is_file(self.partial_rows) or _is_file(self.rows)

    @property
    def kept(self) -> int:
        """Whole rows written so far."""
        with suppress(*_ABSENT), open_file(self.partial_rows) as rows:
            return sum(map(looks_like_row, lines_of(rows)))
        return 0


def try_lock(file: IO[bytes], kind: int) -> bool:
    """Take a lock of ``fcntl``'s kind without waiting; whether it was free."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _status(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.stat()
    return None


def _is_file(path: Path) -> bool:
    status = _status(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def _changed_at(path: Path) -> float:
    """In seconds since 1970; 0 where there is no such file."""
    status = _status(path)
    return status.st_mtime if status else 0


@lru_cache(maxsize=1024)  # a large one takes some tenths of a second
def _rows_in(path: Path, _version: tuple[int, int, int]) -> int | None:
    """How many rows a result file holds; None where it is not whole."""
    with suppress(*_ABSENT), open_file(path) as file:
        return rows_of_array(lines_of(file))
    return None
