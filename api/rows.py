"""A run's rows as they lie on disk, opened to be downloaded as JSON or as JSON lines."""

import errno
from collections.abc import Callable
from datetime import UTC, datetime
from io import FileIO
from os import fstat
from pathlib import Path
from typing import IO, cast

from api.file_view import FilePart, FileView, whole_lines
from api.json_array import JsonArray
from category_crawler.run_folder import RunFolder

MIMETYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
}


class Rows(FileIO):
    """The file that a download is, or is made of, as it was when it was opened.

    Of a run that goes on these are the whole lines written so far. A new attempt may cut the file
    and write other rows behind: then each further reading raises OSError, and the client, whose
    download has ended too soon, asks again. Raises FileNotFoundError where a run has no rows.
    """

    def __init__(self, folder: RunFolder, form: str) -> None:
        self._folder = folder
        self._form = form
        self._attempt = folder.attempt_began_at
        self.is_result_file = form == "json" and folder.rows.exists()
        self.path: Path = folder.rows if self.is_result_file else folder.partial_rows
        super().__init__(self.path)
        status = fstat(self.fileno())
        self.version = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        """Another one for each state of the file."""
        self._bytes = status.st_size

    @property
    def is_current(self) -> bool:
        """Whether the file has only grown since it was opened, or has been removed."""
        # Of a run whose files have been removed the time is 0.
        return self.is_result_file or self._folder.attempt_began_at in (self._attempt, 0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does. Raises OSError where the rows are no longer those opened."""
        piece = super().read(-1 if size is None else size) or b""
        if not self.is_current:
            raise OSError(errno.ESTALE, "another attempt goes on with the run")
        return piece

    def whole_lines(self) -> int:
        """Bytes up to the end of the last whole row, of a file that holds a row a line."""
        return whole_lines(cast(IO[bytes], self), self._bytes)

    def view(self) -> FileView:
        """The download in its form, JSON or JSON lines; closing it closes this file."""
        file = cast(IO[bytes], self)
        if self.is_result_file:
            return FilePart(file, 0, self._bytes)
        return _VIEWS[self._form](file, self.whole_lines())


_VIEWS: dict[str, Callable[[IO[bytes], int], FileView]] = {
    "json": JsonArray,
    "jsonl": lambda file, end: FilePart(file, 0, end),
}


def changed_at(version: str) -> datetime:
    """When rows came to be in a version, to the second."""
    return datetime.fromtimestamp(int(version.partition("-")[0], 16) // 10**9, UTC)
