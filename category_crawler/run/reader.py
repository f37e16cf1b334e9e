"""Reads a run's folder, while a spider may be writing it."""

import fcntl
import os
import stat
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from category_crawler.files.record_file import NotReadable, open_file, read_record, warn_once
from category_crawler.run.events import Event, events_in
from category_crawler.run.price_axis import PriceAxis
from category_crawler.run.records import Progress, Summary
from category_crawler.run.rows import (
    ARRAY_BEGIN,
    ARRAY_END,
    lines_of,
    looks_like_row,
    rows_of_array,
)

ROWS = "category_asins.json"
PARTIAL_ROWS = "products.part"
SPONSORED = "sponsored.part"
JOURNAL = "journal.jsonl"
SUMMARY = "summary.json"
PROGRESS = "progress.json"
JOB = "job.json"
PLAN = "plan.json"
KNOWN = "known.json"
LOCK = "run.lock"
EVENTS = "events.jsonl"
AXIS = "price_axis.json"
_LONGEST_PID = 12
_ABSENT = (FileNotFoundError, NotADirectoryError, NotReadable)
"""Raised if there is no file, or something that is not a file."""


class RunFolder:
    """A run's folder for readers; what has not been written yet is None or empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = path / ROWS
        """The result file; it exists once the run is done."""
        self.partial_rows = path / PARTIAL_ROWS
        """The rows written so far, until the run is done; the last line may be incomplete."""
        self.journal = path / JOURNAL
        """A line per finished page, see :mod:`.journal`."""
        self._job, self._lock = path / JOB, path / LOCK
        self._progress, self._summary = path / PROGRESS, path / SUMMARY
        self._events, self._axis = path / EVENTS, path / AXIS

    @property
    def has_begun(self) -> bool:
        """Whether a spider has ever written here."""
        return os.path.lexists(self._job) or self.journal_size > 0

    @property
    def is_locked(self) -> bool:
        """Whether a living spider writes here."""
        with suppress(*_ABSENT), open_file(self._lock) as lock:
            return not try_lock(lock, fcntl.LOCK_SH)
        return False

    @property
    def writer(self) -> int | None:
        """The PID of the living spider that writes here; None if there is none, or not known."""
        with suppress(*_ABSENT), open_file(self._lock) as lock:
            if not try_lock(lock, fcntl.LOCK_SH):
                content = lock.read(_LONGEST_PID)
                return int(content) if content.isdigit() else None
        return None

    @property
    def summary(self) -> Summary | None:
        """The run's final summary; None until it is written. Raises OSError, see read_record."""
        return read_record(self._summary, Summary)

    @property
    def progress(self) -> Progress | None:
        """The run's progress; None before the first page. Raises OSError, see read_record."""
        return read_record(self._progress, Progress)

    @property
    def price_axis(self) -> PriceAxis | None:
        """How the category was divided by price; None if no attempt has told."""
        return read_record(self._axis, PriceAxis)

    def events(self, most: int) -> list[Event]:
        """The latest things that have happened, newest first."""
        return [*_events_in(self._events, most, _version(self._events))]

    @property
    def version(self) -> str:
        """Another text whenever the progress, the events or the summary has changed."""
        files = (self._progress, self._events, self._summary)
        return "-".join(_version(path) for path in files)

    @property
    def events_version(self) -> str:
        """Another text whenever :meth:`events` has something new."""
        return _version(self._events)

    @property
    def axis_version(self) -> str:
        """Another text whenever :attr:`price_axis` has changed."""
        return _version(self._axis)

    @property
    def is_done(self) -> bool:
        """Whether the summary says "done" and the result file has the rows that it counts."""
        summary = self.summary
        if summary is None or summary.stage != "done":
            return False
        return self.has_whole_result(summary.asin_count)

    def has_whole_result(self, number: int | None = None) -> bool:
        """Whether the result file is complete, and has ``number`` rows unless that is None."""
        if _status(self.rows) is None:
            return False
        found = self._rows_in_result()
        if found is not None and number in (None, found):
            return True
        warn_once(self.rows, f"it holds {'no whole list' if found is None else f'{found} rows'}")
        return False

    def _rows_in_result(self) -> int | None:
        """Number of rows in the result file; None if it is missing or not complete."""
        status = _status(self.rows)
        if status is None:
            return None
        return _rows_in(self.rows, (status.st_mtime_ns, status.st_size, status.st_ino))

    @property
    def looks_whole(self) -> bool:
        """Whether the result file begins and ends like a complete one, however large it is."""
        with suppress(*_ABSENT), open_file(self.rows) as file:
            begin = file.read(len(ARRAY_BEGIN))
            file.seek(max(0, os.fstat(file.fileno()).st_size - len(ARRAY_END)))
            return (begin, file.read()) == (ARRAY_BEGIN, ARRAY_END)
        return False

    @property
    def attempt_began_at(self) -> float:
        """When the newest spider started here, in seconds since 1970; 0 if none ever did.

        That spider may have truncated rows that an earlier one wrote.
        """
        return _changed_at(self._lock)

    @property
    def journal_size(self) -> int:
        """Bytes of the journal; it grows with every finished page."""
        status = _status(self.journal)
        return status.st_size if status and _is_file(self.journal) else 0

    def has_reported_within(self, seconds: float) -> bool:
        """Whether the spider has written its progress in the latest ``seconds``."""
        return time.time() - _changed_at(self._progress) < seconds

    def is_quiet(self, seconds: float) -> bool:
        """Whether the spider has written no progress for so long, not counting its announced pause.

        False if no spider has ever written here.
        """
        if self.has_reported_within(seconds):
            return False
        reported = _changed_at(self._progress)
        began = self.attempt_began_at
        if not began or time.time() - began < seconds:
            return False
        progress = self.progress
        pause = progress.pause.seconds if progress and progress.pause else 0
        return time.time() - reported - pause >= seconds

    @property
    def has_partial_rows(self) -> bool:
        """Whether a file of the rows written so far exists."""
        return _is_file(self.partial_rows)

    @property
    def kept(self) -> int:
        """Number of complete rows written so far."""
        in_result = self._rows_in_result()
        if in_result is not None:
            return in_result
        with suppress(*_ABSENT), open_file(self.partial_rows) as rows:
            return sum(map(looks_like_row, lines_of(rows)))
        return 0


def try_lock(file: IO[bytes], kind: int) -> bool:
    """Take a lock without waiting; False if another process has it.

    ``kind`` is ``fcntl.LOCK_SH`` or ``fcntl.LOCK_EX``.
    """
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _status(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.stat()
    return None


def _version(path: Path) -> str:
    status = _status(path)
    return f"{status.st_mtime_ns:x}.{status.st_size:x}.{status.st_ino:x}" if status else ""


def _is_file(path: Path) -> bool:
    status = _status(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def _changed_at(path: Path) -> float:
    """The modification time in seconds since 1970; 0 if there is no file."""
    status = _status(path)
    return status.st_mtime if status else 0


@lru_cache(maxsize=256)  # a page that is asked for again and again shows mostly the same ones
def _events_in(path: Path, most: int, _version: str) -> tuple[Event, ...]:
    with suppress(*_ABSENT), open_file(path) as file:
        return tuple(events_in(file, most))
    return ()


@lru_cache(maxsize=1024)  # counting a large file takes some tenths of a second
def _rows_in(path: Path, _version: tuple[int, int, int]) -> int | None:
    """Number of rows in a result file; None if the file is not complete."""
    with suppress(*_ABSENT), open_file(path) as file:
        return rows_of_array(lines_of(file))
    return None
