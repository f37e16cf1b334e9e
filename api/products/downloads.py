"""Tables made from runs' rows; concurrent downloads and queries share one table.

A small table is made in the request. A large one is made by a process of its own, on another core.
A few requests wait for it for a short time; the others get :class:`NotReady` with a time to retry,
so that threads stay free for other calls.

The Parquet table of a run that has ended stays in the run's folder. Other tables are in a cache,
``var/downloads/<runner>-<version>.<kind>``, up to a limit of bytes. The least recently
used table is evicted first, and tables that are being sent last: their downloads break off and must
be requested again. The server empties the cache when it starts, so that a crash or a power cut
leaves no partial table.
"""

import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from typing import IO, Protocol

from api.cores import leave_shared_core
from api.products.file_view import FilePart
from api.products.rows import changed_ns
from category_crawler.checkout import PROJECT
from category_crawler.environment import without_secrets
from category_crawler.files.atomic_write import replacing_path
from category_crawler.process_watch import PARENT
from category_crawler.run.reader import try_lock
from category_crawler.tables.__main__ import FACTS
from category_crawler.tables.maker import TableKind, write_table

logger = logging.getLogger(__name__)

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
_NAMES = {
    TableKind.CSV: "CSV",
    TableKind.RAW_CSV: "raw CSV",
    TableKind.XLSX: "Excel file",
    TableKind.PARQUET: "Parquet file",
}


class NotReady(Exception):
    """Raised if a table is not ready; its text says why, ``seconds`` when to retry."""

    def __init__(self, why: str, seconds: int = _RETRY_SECONDS) -> None:
        super().__init__(f"{why}: ask again in {seconds} s")
        self.seconds = seconds


class NotMade(NotReady):
    """Raised if a table is not being made either."""

    def __init__(self, why: str) -> None:
        super().__init__(why, _AFTER_FAILURE_SECONDS)


class NoRoom(NotMade):
    """Raised if the disk has no room for the table."""

    def __init__(self) -> None:
        super().__init__("The disk has no room to make this table, .jsonl needs none")


@dataclass(frozen=True, slots=True)
class Table:
    """An open table; closing the file allows its eviction."""

    file: FilePart
    version: str
    """Version of the rows that it was made from."""
    path: Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which table is wanted of which run."""

    runner: int
    user: int
    kind: TableKind
    facts: Mapping[str, str]
    """What was asked, for the kinds of file that have room for it."""
    is_growing: bool
    """Whether rows are still added; then the table may be up to a minute old."""
    stays_at: Path | None = None
    """Where the table is kept for good, outside the cache."""

    @property
    def name(self) -> str:
        """The table's name for people."""
        return f"{_NAMES[self.kind]} of runner {self.runner}"


@dataclass(slots=True)
class _Making:
    """A large table that is being made, or the result of making it."""

    wanted: Wanted
    version: str
    is_over: Event = field(default_factory=Event)
    over_at: float = 0.0
    """End, by the monotonic clock; 0 until then."""
    is_made: bool = False

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


class Source(Protocol):
    """A file that tables are made of."""

    version: str
    """Changes with every change of the file."""
    small_bytes: int
    """A table of this many bytes takes less time than starting a process."""

    @property
    def is_current(self) -> bool:
        """Whether the file has only grown since it was opened."""

    def whole_lines(self) -> int:
        """Size in bytes of what a table is made of."""

    def fileno(self) -> int:
        """Its descriptor."""


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
        self._deriving = Semaphore(1)
        self._makings: dict[tuple[int, TableKind], _Making] = {}
        """The latest one of each table."""
        self._is_empty = False

    def size(self, wanted: Wanted, version: str) -> int | None:
        """Size of a table in bytes; None if it has not been made."""
        self._prepare(wanted.stays_at)
        with suppress(FileNotFoundError):
            return self._path(wanted, version).stat().st_size
        return None

    def table(self, wanted: Wanted, rows: Source) -> Table:
        """The wanted table of a run's rows.

        Raises NotReady, or OSError if the folder cannot be used.
        """
        self._prepare(wanted.stays_at)
        with self._lock:
            table = self._made(wanted, rows.version) or self._made_lately(wanted)
        if table is not None:
            return table
        size = rows.whole_lines()
        if size <= rows.small_bytes:
            return self._make_small(wanted, rows, size)
        making = _Making(wanted, rows.version)
        with self._lock:
            making = self._under_way(making) or self._begun(making, rows, size)
        self._wait_for(making)
        with self._lock:
            table = self._made(wanted, making.version)
        if table is None:
            raise NotReady(f"The {wanted.name} had to make room for others")
        return table

    def derived(self, name: str, make: Callable[[Path], None]) -> Table:
        """A file of the cache that ``make`` writes if it is not there; it takes a second or two.

        Raises NotReady if too many are being made, or what ``make`` raises.
        """
        self._prepare()
        path = self.folder / name
        with self._lock:
            table = self._opened(path, name)
        if table is not None:
            return table
        if not self._deriving.acquire(timeout=_WAIT_SECONDS):
            raise NotReady("Other tables are being made")
        try:
            if not path.exists():
                with replacing_path(path) as part:
                    make(part)
        finally:
            self._deriving.release()
        with self._lock:
            self._make_room(path)
            table = self._opened(path, name)
        if table is None:
            raise FileNotFoundError(f"{name} has been removed")
        return table

    def _prepare(self, stays_at: Path | None = None) -> None:
        """Empty the cache once; any process may make a table that stays elsewhere."""
        if stays_at is not None:
            return
        with self._lock:
            if not self._is_empty:
                shutil.rmtree(self.folder, ignore_errors=True)
                self._is_empty = True
            self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, wanted: Wanted, version: str) -> Path:
        return wanted.stays_at or self.folder / f"{wanted.runner}-{version}.{wanted.kind}"

    def _made_lately(self, wanted: Wanted) -> Table | None:
        latest = self._makings.get((wanted.runner, wanted.kind))
        if latest is None or not wanted.is_growing or not latest.is_younger(_GROWING_SECONDS):
            return None
        return self._made(wanted, latest.version)

    def _made(self, wanted: Wanted, version: str) -> Table | None:
        """A table that is there; None if it is not, or of other rows."""
        path = self._path(wanted, version)
        if wanted.stays_at is None:
            return self._opened(path, version)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        status = os.fstat(file.fileno())
        if status.st_mtime_ns != changed_ns(version):
            file.close()
            return None
        return Table(FilePart(file, 0, status.st_size), version, path)

    def _opened(self, path: Path, version: str) -> Table | None:
        """A table of the cache, marked as used; None if it is not there."""
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        # Shows the eviction that it is being read.
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(path)
        return Table(FilePart(file, 0, os.fstat(file.fileno()).st_size), version, path)

    def _make_small(self, wanted: Wanted, rows: Source, size: int) -> Table:
        path = self._path(wanted, rows.version)
        try:
            with (
                _replacing(path, wanted, rows.version) as part,
                # Unlike the rows themselves it has a buffer, which lines need.
                os.fdopen(os.dup(rows.fileno()), "rb") as source,
            ):
                write_table(wanted.kind, source, size, part, wanted.facts)
                if not rows.is_current:
                    raise ValueError("another attempt goes on with the run")
        except ValueError as error:
            logger.error("The %s could not be made: %s", wanted.name, error)
            raise _failed(wanted) from None
        with self._lock:
            self._make_room(path, wanted.stays_at)
            table = self._made(wanted, rows.version)
        if table is None:
            raise FileNotFoundError(f"{path.name} has been removed")
        return table

    def _under_way(self, making: _Making) -> _Making | None:
        """The running process that makes the same table. Raises NotReady if one has just failed."""
        latest = self._makings.get((making.wanted.runner, making.wanted.kind))
        is_growing = making.wanted.is_growing
        if latest is None or (latest.version != making.version and not is_growing):
            return None
        if latest.has_failed and latest.is_younger(_AFTER_FAILURE_SECONDS):
            raise _failed(making.wanted)
        return None if latest.is_over.is_set() else latest

    def _begun(self, making: _Making, rows: Source, size: int) -> _Making:
        """Start to make a large table. Raises NotReady if too many are being made."""
        self._check_place(making, size)
        source = os.fdopen(os.dup(rows.fileno()), "rb")
        Thread(target=self._make, args=(making, rows, source, size), daemon=True).start()
        self._makings[making.wanted.runner, making.wanted.kind] = making
        return making

    def _check_place(self, making: _Making, size: int) -> None:
        self._makings = {
            runner: one for runner, one in self._makings.items() if one.is_younger(_GROWING_SECONDS)
        }
        under_way = [one for one in self._makings.values() if not one.is_over.is_set()]
        for one in under_way:
            if one.wanted.user == making.wanted.user:
                raise NotReady(f"The {one.wanted.name} is being made")
        if len(under_way) >= _MOST_AT_ONCE:
            raise NotReady("Other tables are being made")
        folder = self._path(making.wanted, making.version).parent
        if shutil.disk_usage(folder).free - size < self.min_free:
            raise NoRoom

    def _make(self, making: _Making, rows: Source, source: IO[bytes], size: int) -> None:
        leave_shared_core()
        wanted = making.wanted
        path = self._path(wanted, making.version)
        try:
            with source, _replacing(path, wanted, making.version) as part:
                _filter(wanted, source, size, part)
                if not rows.is_current:
                    raise ValueError("another attempt goes on with the run")
            making.is_made = True
            with self._lock:
                self._make_room(path, wanted.stays_at)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            logger.error("The %s could not be made: %s", wanted.name, error)
        finally:
            making.end()

    def _wait_for(self, making: _Making) -> None:
        if self._waiting.acquire(blocking=False):
            try:
                making.is_over.wait(_WAIT_SECONDS)
            finally:
                self._waiting.release()
        if not making.is_over.is_set():
            raise NotReady(f"The {making.wanted.name} is being made")
        if making.has_failed:
            raise _failed(making.wanted)

    def _make_room(self, newest: Path, stays_at: Path | None = None) -> None:
        """Evict tables until the limits are met; never the newest."""
        if stays_at is not None:
            return
        tables = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        older = [path for path in tables if path != newest]
        # The prune command may remove tables at the same time.
        with suppress(FileNotFoundError):
            older.sort(key=_eviction_order, reverse=True)
            total = sum(path.stat().st_size for path in tables)
            while older and (total > self.most_bytes or len(older) >= _MOST_TABLES):
                path = older.pop()
                total -= path.stat().st_size
                # An unlinked file keeps its space until its slowest reader closes it.
                os.truncate(path, 0)
                path.unlink()


@contextmanager
def _replacing(path: Path, wanted: Wanted, version: str) -> Iterator[Path]:
    """The path of a new file, which takes the place of ``path`` once it is whole."""
    with replacing_path(path) as part:
        yield part
        if wanted.stays_at is not None:
            # Its time says which rows it was made from; it may be read by whom they may.
            os.utime(part, ns=(changed_ns(version), changed_ns(version)))
            part.chmod(path.parent.stat().st_mode & 0o666)


def _filter(wanted: Wanted, source: IO[bytes], size: int, path: Path) -> None:
    """Make the table in a process of its own.

    Raises ValueError with the process's message if it fails, SubprocessError after the timeout.
    """
    made = subprocess.run(
        [sys.executable, "-m", "category_crawler.tables", wanted.kind, str(size), str(path)],
        cwd=PROJECT,
        env=without_secrets() | {PARENT: str(os.getpid()), FACTS: json.dumps(dict(wanted.facts))},
        stdin=source,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if made.returncode:
        said = made.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ValueError(said or f"its process ended with {made.returncode}")


def _failed(wanted: Wanted) -> NotMade:
    return NotMade(f"The {wanted.name} could not be made, .jsonl has the same rows")


def _eviction_order(path: Path) -> tuple[bool, float]:
    """Sort key, lowest first: tables that are not being read, then the least recently used."""
    with path.open("rb") as file:
        return not try_lock(file, fcntl.LOCK_EX), path.stat().st_mtime
