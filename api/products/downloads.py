"""A cache of CSV tables made from runs' rows; concurrent downloads share one table.

A small table is made in the request. A large one is made by a process of its own, on another core.
A few requests wait for it for a short time; the others get :class:`NotReady` with a time to retry,
so that threads stay free for other calls.

The cache is ``var/downloads/<runner>-<version>.csv``, up to a limit of bytes. The least recently
used table is evicted first, and tables that are being sent last: their downloads break off and must
be requested again. The server empties the cache when it starts, so that a crash or a power cut
leaves no partial table.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from typing import IO, cast

from api.cores import leave_shared_core
from api.products.file_view import FilePart, bytes_of
from api.products.rows import Rows
from category_crawler.environment import without_secrets
from category_crawler.files.atomic_write import replacing
from category_crawler.files.home import PROJECT
from category_crawler.run.csv_table import write_csv
from category_crawler.run.reader import try_lock

logger = logging.getLogger(__name__)

_SMALL_BYTES = 1024 * 1024
"""A table of this many bytes takes about 25 ms, less than starting a process."""
_MOST_AT_ONCE = 2
"""Large tables made at the same time; at most one for each user."""
_MOST_WAITING = 2
"""Threads that may wait for a table; the server has eight."""
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 3
_AFTER_FAILURE_SECONDS = 30
_GROWING_SECONDS = 60.0
"""Most age of a table of a run that is still adding rows."""
_LONGEST_SECONDS = 600.0
"""Timeout for making one table."""
_MOST_TABLES = 500


class NotReady(Exception):
    """Raised if a table is not ready; its text says why, ``seconds`` when to retry."""

    def __init__(self, why: str, seconds: int = _RETRY_SECONDS) -> None:
        super().__init__(f"{why}: ask again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Table:
    """An open table; closing the file allows its eviction."""

    file: FilePart
    version: str
    """Version of the rows that it was made from."""


@dataclass(slots=True)
class _Making:
    """A large table that is being made, or the result of making it."""

    runner: int
    user: int
    version: str
    is_over: Event = field(default_factory=Event)
    over_at: float = 0.0
    """End, by the monotonic clock; 0 until then."""
    is_made: bool = False

    @property
    def name(self) -> str:
        """Name of the table's file."""
        return _name(self.runner, self.version)

    @property
    def has_failed(self) -> bool:
        """Whether it ended without a table."""
        return self.is_over.is_set() and not self.is_made

    def is_younger(self, seconds: float) -> bool:
        """Whether it is not over, or ended less than ``seconds`` ago."""
        return not self.is_over.is_set() or time.monotonic() - self.over_at < seconds

    def end(self) -> None:
        """Wake the threads that wait for it."""
        self.over_at = time.monotonic()
        self.is_over.set()


class Downloads:
    """The cached tables of one folder, up to ``most_bytes`` in all.

    No large table is begun if less than ``min_free`` bytes of the disk would stay free.
    """

    def __init__(self, folder: Path, most_bytes: int, min_free: int) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self.min_free = min_free
        self._lock = Lock()
        self._waiting = Semaphore(_MOST_WAITING)
        self._makings: dict[int, _Making] = {}
        """The latest one of each runner."""
        self._is_empty = False

    def size(self, runner: int, version: str) -> int | None:
        """Size of a runner's table in bytes; None if it is not in the cache."""
        self._prepare()
        with suppress(FileNotFoundError):
            return (self.folder / _name(runner, version)).stat().st_size
        return None

    def table(self, runner: int, user: int, rows: Rows, *, is_growing: bool) -> Table:
        """The table of a runner's rows; up to a minute old while ``is_growing``.

        Raises NotReady, or OSError if the folder cannot be used.
        """
        self._prepare()
        with self._lock:
            table = self._made(runner, rows.version) or self._made_lately(runner, is_growing)
        if table is not None:
            return table
        size = rows.whole_lines()
        if size <= _SMALL_BYTES:
            return self._make_small(runner, rows, size)
        making = _Making(runner, user, rows.version)
        with self._lock:
            making = self._under_way(making, is_growing) or self._begun(making, rows, size)
        self._wait_for(making)
        with self._lock:
            table = self._made(runner, making.version)
        if table is None:
            raise NotReady(f"The CSV of runner {runner} had to make room for others")
        return table

    def _prepare(self) -> None:
        with self._lock:
            if not self._is_empty:
                shutil.rmtree(self.folder, ignore_errors=True)
                self._is_empty = True
            self.folder.mkdir(parents=True, exist_ok=True)

    def _made_lately(self, runner: int, is_growing: bool) -> Table | None:
        latest = self._makings.get(runner)
        if latest is None or not is_growing or not latest.is_younger(_GROWING_SECONDS):
            return None
        return self._made(runner, latest.version)

    def _made(self, runner: int, version: str) -> Table | None:
        """A table from the cache, marked as used."""
        path = self.folder / _name(runner, version)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        # Shows the eviction that it is being read.
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(path)
        return Table(FilePart(file, 0, os.fstat(file.fileno()).st_size), version)

    def _make_small(self, runner: int, rows: Rows, size: int) -> Table:
        name = _name(runner, rows.version)
        try:
            with replacing(self.folder / name) as file:
                write_csv(BytesIO(bytes_of(cast(IO[bytes], rows), 0, size)), file)
        except ValueError as error:
            logger.error("The CSV of runner %d could not be made: %s", runner, error)
            raise _failed(runner) from None
        with self._lock:
            self._make_room(name)
            table = self._made(runner, rows.version)
        if table is None:
            raise FileNotFoundError(f"{name} has been removed")
        return table

    def _under_way(self, wanted: _Making, is_growing: bool) -> _Making | None:
        """The running process that makes the same table. Raises NotReady if one has just failed."""
        latest = self._makings.get(wanted.runner)
        if latest is None or (latest.version != wanted.version and not is_growing):
            return None
        if latest.has_failed and latest.is_younger(_AFTER_FAILURE_SECONDS):
            raise _failed(wanted.runner)
        return None if latest.is_over.is_set() else latest

    def _begun(self, making: _Making, rows: Rows, size: int) -> _Making:
        """Start to make a large table. Raises NotReady if too many are being made."""
        self._check_place(making, size)
        source = rows.path.open("rb")
        Thread(target=self._make, args=(making, rows, source, size), daemon=True).start()
        self._makings[making.runner] = making
        return making

    def _check_place(self, making: _Making, size: int) -> None:
        self._makings = {
            runner: one for runner, one in self._makings.items() if one.is_younger(_GROWING_SECONDS)
        }
        under_way = [one for one in self._makings.values() if not one.is_over.is_set()]
        for one in under_way:
            if one.user == making.user:
                raise NotReady(f"The CSV of runner {one.runner} is being made")
        if len(under_way) >= _MOST_AT_ONCE:
            raise NotReady("Other CSV files are being made")
        if shutil.disk_usage(self.folder).free - size < self.min_free:
            raise NotReady(
                "The disk has no room to make this CSV, .jsonl needs none", _AFTER_FAILURE_SECONDS
            )

    def _make(self, making: _Making, rows: Rows, source: IO[bytes], size: int) -> None:
        leave_shared_core()
        try:
            with source, replacing(self.folder / making.name) as file:
                _filter(source, size, file)
                if not rows.is_current:
                    raise ValueError("another attempt goes on with the run")
            making.is_made = True
            with self._lock:
                self._make_room(making.name)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            logger.error("The CSV of runner %d could not be made: %s", making.runner, error)
        finally:
            making.end()

    def _wait_for(self, making: _Making) -> None:
        if self._waiting.acquire(blocking=False):
            try:
                making.is_over.wait(_WAIT_SECONDS)
            finally:
                self._waiting.release()
        if not making.is_over.is_set():
            raise NotReady(f"The CSV of runner {making.runner} is being made")
        if making.has_failed:
            raise _failed(making.runner)

    def _make_room(self, newest: str) -> None:
        """Evict tables until the limits are met; never the newest."""
        older = [path for path in self.folder.glob("*.csv") if path.name != newest]
        # The prune command may remove tables at the same time.
        with suppress(FileNotFoundError):
            older.sort(key=_eviction_order, reverse=True)
            total = sum(path.stat().st_size for path in self.folder.glob("*.csv"))
            while older and (total > self.most_bytes or len(older) >= _MOST_TABLES):
                path = older.pop()
                total -= path.stat().st_size
                # An unlinked file keeps its space until its slowest reader closes it.
                os.truncate(path, 0)
                path.unlink()


def _filter(source: IO[bytes], size: int, file: IO[bytes]) -> None:
    """Make the table in a process of its own.

    Raises ValueError with the process's message if it fails, SubprocessError after the timeout.
    """
    arguments = [str(size), str(os.getpid())]
    made = subprocess.run(
        [sys.executable, "-m", "category_crawler.run.csv_table", *arguments],
        cwd=PROJECT,
        env=without_secrets(),
        stdin=source,
        stdout=file,
        stderr=subprocess.PIPE,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if made.returncode:
        said = made.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ValueError(said or f"its process ended with {made.returncode}")


def _failed(runner: int) -> NotReady:
    said = f"The CSV of runner {runner} could not be made, .jsonl has the same rows"
    return NotReady(said, _AFTER_FAILURE_SECONDS)


def _eviction_order(path: Path) -> tuple[bool, float]:
    """Sort key, lowest first: tables that are not being read, then the least recently used."""
    with path.open("rb") as file:
        return not try_lock(file, fcntl.LOCK_EX), path.stat().st_mtime


def _name(runner: int, version: str) -> str:
    return f"{runner}-{version}.csv"
