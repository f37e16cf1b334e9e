"""Lines of JSON, read as one JSON array without a copy of them."""

from array import array
from bisect import bisect_right
from typing import IO

from api.products.file_view import BLOCK, FileView, bytes_of


class JsonArray(FileView):
    """The first ``end`` bytes of a file, which are whole lines of JSON, as one JSON array.

    The bytes are those of :func:`category_crawler.run.rows.json_array`: a line feed between two
    rows becomes a comma and a line feed. So a position is found by counting line feeds, and what is
    held in memory is one count for every 64 KiB.
    """

    def __init__(self, file: IO[bytes], end: int) -> None:
        self._rows = max(0, end - 1)
        """Bytes of the rows without the last line feed."""
        self._begins = array("Q")
        """Where each block of the rows begins in the array."""
        position = 2
        for begin in range(0, self._rows, BLOCK):
            self._begins.append(position)
            block = bytes_of(file, begin, min(begin + BLOCK, self._rows))
            position += len(block) + block.count(b"\n")
        self._end = b"\n]\n"
        self._end_begins = position if self._rows else 1
        super().__init__(file, self._end_begins + len(self._end))

    def _piece(self, begin: int, size: int) -> bytes:
        if begin >= self._end_begins:
            offset = begin - self._end_begins
            return self._end[offset : offset + size]
        if begin < 2:
            return b"[\n"[begin : begin + size]
        block = bisect_right(self._begins, begin) - 1
        source = block * BLOCK
        text = bytes_of(self._file, source, min(source + BLOCK, self._rows)).replace(b"\n", b",\n")
        offset = begin - self._begins[block]
        return text[offset : offset + size]
