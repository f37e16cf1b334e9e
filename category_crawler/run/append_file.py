"""A file that grows by whole lines, and can be cut back to where it was certain."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from category_crawler.errors import StorageFailed
from category_crawler.files.record_file import open_file

_CHUNK = 1024 * 1024


class GrowingFile:
    """The one writer of a file that is only ever appended to; others may read it meanwhile."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises OSError."""
        self.path = path
        # A buffered file would keep what the disk refuses, and write it when it is closed.
        self._file = path.open("ab", buffering=0)
        self.certain = 0
        """Bytes that stay if the file is cut back."""

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, data: bytes) -> None:
        """Write every byte; a killed process no longer loses them. Raises StorageFailed."""
        with storing(self.path.name):
            self._write(data)

    def sync(self) -> None:
        """Have what was written outlive a power cut. Raises StorageFailed."""
        with storing(self.path.name):
            os.fsync(self._file.fileno())

    def note_certain(self) -> None:
        """What is written by now stays."""
        self.certain = self.size

    def fall_back(self) -> None:
        """Cut off what is not certain, as far as the disk lets it."""
        # One that takes nothing more may not even take this; who resumes cuts once more.
        with suppress(OSError):
            self._file.truncate(self.certain)

    def cut(self, size: int) -> None:
        """Keep this many bytes, which are certain then. Raises OSError."""
        self._file.truncate(size)
        self.certain = size

    def ends_line(self, size: int) -> bool:
        """Whether a line, or nothing, comes before this many bytes."""
        if size == 0:
            return True
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), 1, size - 1) == b"\n"

    def reopen(self) -> None:
        """Begin an empty file, the old one having been moved away. Raises OSError."""
        self._file.close()
        self._file = self.path.open("ab", buffering=0)
        self.certain = 0

    def copy(self, source: Path) -> None:
        """Hold what ``source`` holds instead. Raises NotReadable and OSError."""
        self.cut(0)
        with open_file(source) as file:
            while chunk := file.read(_CHUNK):
                self._write(chunk)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        # By itself a file takes as many bytes as there is room for.
        while rest:
            rest = rest[self._file.write(rest) :]


@contextmanager
def storing(name: str) -> Iterator[None]:
    """Raise StorageFailed, naming the file, where the disk refuses what is written inside."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"{name} of the run could not be written ({error.strerror}): make room on "
            "its disk, or make its folder writable, and start the crawl again"
        ) from None
