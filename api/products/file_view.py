"""Read-only files made of other files: answers of a known length, never whole in memory."""

import errno
from io import SEEK_CUR, SEEK_END, SEEK_SET, RawIOBase
from typing import IO

_PIECE = 512 * 1024
BLOCK = 64 * 1024
"""Bytes that are read at once to look for line feeds."""


class FileView(RawIOBase):
    """A file of ``size`` bytes; a subclass says which. Closing it closes the file behind it."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._position = 0
        self.size = size
        """Bytes in all."""

    def _piece(self, begin: int, size: int) -> bytes:
        """At most ``size`` bytes from ``begin`` on, at least one where the file behind is whole."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        origin = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self.size}[whence]
        self._position = origin + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; empty only at the end.

        Reads are limited to a block, since a server requests megabytes and repeats what was not
        sent. Raises OSError if the file was truncated.
        """
        if size < 0:
            return self.readall()
        rest = self.size - self._position
        if rest <= 0 or not size:
            return b""
        piece = self._piece(self._position, min(size, rest, _PIECE))
        if not piece:
            raise OSError(errno.EIO, "The file was cut while it was being read")
        self._position += len(piece)
        return piece

    def close(self) -> None:
        self._file.close()
        super().close()


class FilePart(FileView):
    """The bytes of a file from ``begin`` up to ``end``."""

    def __init__(self, file: IO[bytes], begin: int, end: int) -> None:
        super().__init__(file, end - begin)
        self._begin = begin

    def _piece(self, begin: int, size: int) -> bytes:
        self._file.seek(self._begin + begin)
        return self._file.read(size)


def whole_lines(file: IO[bytes], size: int) -> int:
    """Bytes up to the end of the last whole line among the first ``size`` bytes of a file."""
    end = size
    while end > 0:
        begin = max(0, end - BLOCK)
        found = bytes_of(file, begin, end).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def bytes_of(file: IO[bytes], begin: int, end: int) -> bytes:
    """The bytes of a file from ``begin`` up to ``end``."""
    file.seek(begin)
    return file.read(end - begin)
