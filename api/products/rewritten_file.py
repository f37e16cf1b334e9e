"""Rows read in another form than that of their file, without a copy of them."""

from array import array
from bisect import bisect_right
from typing import IO

from api.products.file_view import BLOCK, FileView, bytes_of


class RewrittenFile(FileView):
    """``head``, then a file's bytes from ``begin`` up to ``end`` rewritten, then ``tail``.

    What is held in memory is one number for every 64 KiB of the file.
    """

    def __init__(self, file: IO[bytes], begin: int, end: int, head: bytes, tail: bytes) -> None:
        self._source = file, begin, end
        self._head, self._tail = head, tail
        self._begins = array("Q")
        """Where each block of the file begins in the view."""
        position = len(head)
        for block in range(begin, end, BLOCK):
            self._begins.append(position)
            position += len(self._rewritten(block))
        self._tail_begins = position
        super().__init__(file, position + len(tail))

    def rewrite(self, block: bytes, after: bytes) -> bytes:
        """Other bytes for those of a block; ``after`` is the byte that follows it, if any."""
        raise NotImplementedError

    def _rewritten(self, begin: int) -> bytes:
        file, _, end = self._source
        text = bytes_of(file, begin, min(begin + BLOCK + 1, end))
        return self.rewrite(text[:BLOCK], text[BLOCK:])

    def _piece(self, begin: int, size: int) -> bytes:
        if begin < len(self._head):
            return self._head[begin : begin + size]
        if begin >= self._tail_begins:
            offset = begin - self._tail_begins
            return self._tail[offset : offset + size]
        block = bisect_right(self._begins, begin) - 1
        offset = begin - self._begins[block]
        return self._rewritten(self._source[1] + block * BLOCK)[offset : offset + size]


class JsonArray(RewrittenFile):
    """The first ``end`` bytes of a file, which are whole lines of JSON, as one JSON array.

    The bytes are those of :func:`category_crawler.run.rows.json_array`: a line feed between two
    rows becomes a comma and a line feed.
    """

    def __init__(self, file: IO[bytes], end: int) -> None:
        head = b"[\n" if end else b"["
        super().__init__(file, 0, max(0, end - 1), head, b"\n]\n")

    def rewrite(self, block: bytes, after: bytes) -> bytes:  # noqa: ARG002 - JsonLines needs it
        return block.replace(b"\n", b",\n")


class JsonLines(RewrittenFile):
    """A file of ``end`` bytes that :func:`category_crawler.run.rows.json_array` wrote, as lines."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        head, tail = len(b"[\n"), len(b"\n]\n")
        has_rows = end > head + tail
        super().__init__(file, head, max(head, end - tail), b"", b"\n" if has_rows else b"")

    def rewrite(self, block: bytes, after: bytes) -> bytes:
        # JSON escapes line feeds in strings, so each one here ends a row.
        lines = (block + after).replace(b",\n", b"\n")
        return lines[: len(lines) - len(after)]
