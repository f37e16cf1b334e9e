"""A file between two pieces, read as one: an answer that no process holds in memory."""

from io import SEEK_END, BytesIO
from typing import IO

from api.products.file_view import FileView


class SplicedFile(FileView):
    """``before``, then the whole file, then ``after``."""

    def __init__(self, before: bytes, file: IO[bytes], after: bytes) -> None:
        self._parts: list[tuple[IO[bytes], int, int]] = []
        """Each with where it begins and ends."""
        end = 0
        for part in (BytesIO(before), file, BytesIO(after)):
            begin, end = end, end + part.seek(0, SEEK_END)
            self._parts.append((part, begin, end))
        super().__init__(file, end)

    def _piece(self, begin: int, size: int) -> bytes:
        for part, first, end in self._parts:
            if begin < end:
                part.seek(begin - first)
                return part.read(min(size, end - begin))
        return b""
