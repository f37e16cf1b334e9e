"""What has happened in a run besides finished pages, one line each: retries, waits, stops.

The file is bounded: where it has grown too long, its older half goes. It is no proof of anything,
so a crawl goes on without it where the disk refuses.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, ValidationError

from category_crawler.files.atomic_write import write_whole
from category_crawler.files.record_file import NotReadable, Record, open_file
from category_crawler.run.records import Count, Moment

logger = logging.getLogger(__name__)

LONGEST = 128 * 1024
"""Bytes of the file; a line has some 200."""
_LONGEST_REASON = 300


class EventKind(StrEnum):
    """What has happened."""

    BEGAN = "began"
    """The crawl has begun with nothing."""
    CONTINUED = "continued"
    """The crawl goes on behind the pages that an earlier attempt has finished."""
    WAITED = "waited"
    """Every request waits."""
    RETRIED = "retried"
    """A page is requested again, after a wait."""
    DOUBTED = "doubted"
    """A page was answered, is doubtful and is requested again."""
    UNREAD = "unread"
    """A page could not be read wholly, and the crawl goes on."""
    STOPPED = "stopped"
    """The attempt has ended before the list was whole."""
    ENDED = "ended"
    """The crawl has come to its end."""


class Event(Record):
    """One thing that has happened."""

    at: Moment
    kind: Annotated[EventKind, Field(strict=False)]
    page: Count | None = None
    """The page of the listing that it is about."""
    low_cents: Count | None = None
    """Lowest price of that listing, if it is a slice."""
    high_cents: Count | None = None
    """Highest price of that listing, if it is a slice."""
    seconds: Annotated[float, Field(ge=0)] | None = None
    """Length of the wait."""
    pages: Count | None = None
    """Pages that were finished by then."""
    reason: Annotated[str, Field(max_length=_LONGEST_REASON)] = ""

    @classmethod
    def reason_of(cls, text: str) -> str:
        """A text as long as a reason may be."""
        return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"


class EventFile:
    """The only writer of a run's events. Raises nothing: a failure is logged once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._is_broken = False

    def add(self, event: Event) -> None:
        """Write a line; killing the process cannot lose it."""
        if self._is_broken:
            return
        try:
            self._write(event.model_dump_json(exclude_defaults=True).encode() + b"\n")
        except OSError as error:
            self._is_broken = True
            logger.warning("%s is not written any more: %s", self._path.name, error.strerror)

    def begin_with(self, source: Path) -> None:
        """Begin with the events of another file, if it can be read."""
        with suppress(OSError, NotReadable), open_file(source) as file:
            write_whole(self._path, [file.read(2 * LONGEST)])

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: bytes) -> None:
        file = self._opened()
        file.write(line)
        if os.fstat(file.fileno()).st_size > LONGEST:
            self.close()
            kept = self._path.read_bytes()[-LONGEST // 2 :]
            write_whole(self._path, [kept.partition(b"\n")[2]])

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._path.open("ab+", buffering=0)
            size = os.fstat(self._file.fileno()).st_size
            # A spider that was killed may have left half a line.
            if size and os.pread(self._file.fileno(), 1, size - 1) != b"\n":
                self._file.write(b"\n")
        return self._file


def events_in(file: IO[bytes], most: int) -> list[Event]:
    """The latest events of a file, newest first; lines that are none are left out."""
    lines = reversed(file.read(2 * LONGEST).splitlines())
    found: list[Event] = []
    for event in _read(lines):
        found.append(event)
        if len(found) == most:
            break
    return found


def _read(lines: Iterator[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            yield Event.model_validate_json(line)
        except ValidationError:
            continue
