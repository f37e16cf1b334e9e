"""A run's rows on disk, opened for a download as JSON or as JSON lines."""

import errno
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from io import FileIO
from itertools import takewhile
from os import dup, fstat
from pathlib import Path
from typing import IO, cast

from api.products.file_view import BLOCK, FilePart, FileView, bytes_of, whole_lines
from api.products.rewritten_file import JsonArray, JsonLines
from category_crawler.files.record_file import open_file
from category_crawler.run.reader import RunFolder
from category_crawler.run.rows import ROW_BEGIN, ROW_BOUNDARY, ROW_END, lines_of, looks_like_row


class Rows(FileIO):
    """A snapshot of the file that a download sends or is made from.

    While a run is being crawled, these are the whole lines written so far. If a new attempt
    truncates the file, every further read raises OSError: the download breaks off, and the client
    must request it again. Raises FileNotFoundError, NotADirectoryError or NotReadable if the run
    has no rows.
    """

    small_bytes = 1024 * 1024
    """A table of this many bytes takes about 25 ms, less than starting a process."""

    def __init__(self, folder: RunFolder, form: str) -> None:
        self._folder = folder
        self._form = form
        self._attempt = folder.attempt_began_at
        self.is_result_file = folder.has_whole_result()
        self.path: Path = folder.rows if self.is_result_file else folder.partial_rows
        with open_file(self.path) as file:
            super().__init__(dup(file.fileno()))
        status = fstat(self.fileno())
        self.version = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        """Changes with every change of the file."""
        self._bytes = status.st_size

    @property
    def is_current(self) -> bool:
        """Whether the file has only grown since it was opened; a removed file counts as current."""
        # The time is 0 once the run's files have been removed.
        return self.is_result_file or self._folder.attempt_began_at in (self._attempt, 0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read from the file. Raises OSError if its rows have been replaced."""
        piece = super().read(-1 if size is None else size) or b""
        if not self.is_current:
            raise OSError(errno.ESTALE, "another attempt goes on with the run")
        return piece

    def whole_lines(self) -> int:
        """Size in bytes of the valid rows at the start of the file."""
        if self.is_result_file:
            return self._bytes
        return _end_of_rows(self.path, self.version, self._bytes)

    def view(self) -> FileView:
        """The download as JSON or JSON lines; closing it closes this file."""
        file = cast(IO[bytes], self)
        views = _RESULT_VIEWS if self.is_result_file else _VIEWS
        return views[self._form](file, self.whole_lines())


@lru_cache(maxsize=1024)  # otherwise every range of a large download would read the whole file
def _end_of_rows(path: Path, _version: str, size: int) -> int:
    """Size in bytes of the valid rows among the first ``size`` bytes of a file."""
    with open_file(path) as file:
        end = whole_lines(file, size)
        return end if _are_rows(file, end) else _first_damage(file, end)


def _are_rows(file: IO[bytes], end: int) -> bool:
    """Whether every line begins and ends like a row; counting is faster than parsing."""
    lines = boundaries = 0
    for begin in range(0, end, BLOCK):
        # A boundary that begins in this block may end in the next.
        text = bytes_of(file, begin, min(begin + BLOCK + len(ROW_BOUNDARY) - 1, end))
        lines += text.count(b"\n", 0, BLOCK)
        boundaries += text.count(ROW_BOUNDARY)
    first, last = bytes_of(file, 0, len(ROW_BEGIN)), bytes_of(file, max(0, end - 2), end)
    return not end or (lines == boundaries + 1 and (first, last) == (ROW_BEGIN, ROW_END))


def _first_damage(file: IO[bytes], end: int) -> int:
    """Offset of the first line that does not begin and end like a row."""
    file.seek(0)
    return min(end, sum(map(len, takewhile(looks_like_row, lines_of(file)))))


def _as_it_is(file: IO[bytes], end: int) -> FileView:
    return FilePart(file, 0, end)


_VIEWS: dict[str, Callable[[IO[bytes], int], FileView]] = {"json": JsonArray, "jsonl": _as_it_is}
_RESULT_VIEWS: dict[str, Callable[[IO[bytes], int], FileView]] = {
    "json": _as_it_is,
    "jsonl": JsonLines,
}


def changed_at(version: str) -> datetime:
    """Modification time of a version of the rows, to the second, UTC."""
    return datetime.fromtimestamp(changed_ns(version) // 10**9, UTC)


def changed_ns(version: str) -> int:
    """Modification time of a version of the rows, in nanoseconds since 1970."""
    return int(version.partition("-")[0], 16)
