"""A file between two pieces, read as one: an answer that no process holds in memory."""

from io import SEEK_CUR, SEEK_END, SEEK_SET, BytesIO, RawIOBase
from typing import IO

_PIECE = 512 * 1024


class SplicedFile(RawIOBase):
    """``before``, then the file, then ``after``; closing it closes the file."""

    def __init__(self, before: bytes, file: IO[bytes], after: bytes) -> None:
        self._file = file
        self._parts: list[tuple[IO[bytes], int, int]] = []
        """Each with where it begins and ends."""
        self._position = end = 0
        for part in (BytesIO(before), file, BytesIO(after)):
            begin, end = end, end + part.seek(0, SEEK_END)
            self._parts.append((part, begin, end))
        self.size = end
        """Bytes in all."""

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
        """At most so many bytes, none only at the end of all.

        A server asks for what its socket might take, megabytes, and after each sending asks for the
        rest of them again: it gets fewer.
        """
        if size < 0:
            return self.readall()
        for part, begin, end in self._parts:
            if self._position < end:
                part.seek(self._position - begin)
                piece = part.read(min(size, end - self._position, _PIECE))
                self._position += len(piece)
                return piece
        return b""

    def close(self) -> None:
        self._file.close()
        super().close()
