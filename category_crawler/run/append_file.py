"""A file that is only appended to, and can be rolled back to the last commit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from category_crawler.errors import StorageFailed
from category_crawler.files.record_file import open_file

_CHUNK = 1024 * 1024


class AppendFile:
    """The only writer of an append-only file; other processes may read it at the same time."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises OSError."""
        self.path = path
        # A buffered file keeps data that the disk refuses, and writes it on close.
        self._file = path.open("ab", buffering=0)
        self.committed = 0
        """Bytes that remain after a rollback."""

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, data: bytes) -> None:
        """Write every byte; killing the process cannot lose them. Raises StorageFailed."""
        with storing(self.path.name):
            self._write(data)

    def sync(self) -> None:
        """Make everything written so far survive a power cut. Raises StorageFailed."""
        with storing(self.path.name):
            os.fsync(self._file.fileno())

    def commit(self) -> None:
        """Keep what is written so far when the file is rolled back. Does not sync."""
        self.committed = self.size

    def roll_back(self) -> None:
        """Truncate to the last commit, if the disk allows it."""
        # A full disk may refuse even this; resuming the run truncates again.
        with suppress(OSError):
            self._file.truncate(self.committed)

    def truncate(self, size: int) -> None:
        """Keep and commit the first ``size`` bytes. Raises OSError."""
        self._file.truncate(size)
        self.committed = size

    def ends_line(self, size: int) -> bool:
        """Whether the first ``size`` bytes are empty or end with a whole line."""
        if size == 0:
            return True
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), 1, size - 1) == b"\n"

    def reopen(self) -> None:
        """Start an empty file after the old one was renamed. Raises OSError."""
        self._file.close()
        self._file = self.path.open("ab", buffering=0)
        self.committed = 0

    def copy(self, source: Path) -> None:
        """Replace the content with that of ``source``. Raises NotReadable and OSError."""
        self.truncate(0)
        with open_file(source) as file:
            while chunk := file.read(_CHUNK):
                self._write(chunk)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        # An unbuffered write may write only a part.
        while rest:
            rest = rest[self._file.write(rest) :]


@contextmanager
def storing(name: str) -> Iterator[None]:
    """Turn an OSError inside the block into StorageFailed, which names the file."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"{name} of the run could not be written ({error.strerror}): make room on "
            "its disk, or make its folder writable, and start the crawl again"
        ) from None
