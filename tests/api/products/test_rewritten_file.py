"""Rows read as an array and as lines, from every position."""

import random
from io import BytesIO

import pytest

from api.products.file_view import BLOCK, FilePart, whole_lines
from api.products.rewritten_file import JsonArray, JsonLines, RewrittenFile
from category_crawler.run.rows import json_array

_dice = random.Random(7)
SHORT = [b'{"a": %d}\n' % number for number in range(3)]
FILES = {
    "none": [],
    "one": SHORT[:1],
    "some": SHORT,
    "many": [b'{"x": "%s"}\n' % (b"y" * _dice.randrange(900)) for _ in range(800)],
    "long": [b'{"x": "%s"}\n' % (b"y" * 3 * BLOCK)] * 2,
    "on the edges": [b"x" * (BLOCK - 1) + b"\n"] * 3,
    "beside the edges": [b"x" * BLOCK + b"\n"] * 3,
}


@pytest.mark.parametrize("lines", FILES.values(), ids=FILES)
def test_it_is_the_array_of_the_result_file(lines: list[bytes]) -> None:
    array = b"".join(json_array(lines))
    data = b"".join(lines)
    _check(JsonArray(BytesIO(data + b'{"torn'), len(data)), array)


@pytest.mark.parametrize("lines", FILES.values(), ids=FILES)
def test_the_result_file_gives_its_lines_again(lines: list[bytes]) -> None:
    array = b"".join(json_array(lines))
    _check(JsonLines(BytesIO(array), len(array)), b"".join(lines))


def test_a_comma_may_end_a_block_whose_line_feed_begins_the_next() -> None:
    for size in range(BLOCK - 5, BLOCK + 3):
        lines = [b"x" * size + b"\n", b"y" * BLOCK + b"\n", b"z\n"]
        array = b"".join(json_array(lines))
        assert JsonLines(BytesIO(array), len(array)).read() == b"".join(lines)


def _check(view: RewrittenFile, whole: bytes) -> None:
    """Read a view whole, and from many positions."""
    assert view.size == len(whole)
    assert view.read() == whole
    for _ in range(300 if whole else 0):
        begin, size = _dice.randrange(len(whole)), _dice.choice([1, 2, 100, BLOCK, 10**7])
        view.seek(begin)
        piece = view.read(size)
        assert piece
        assert piece == whole[begin : begin + len(piece)]
        assert view.tell() == begin + len(piece)
        assert len(piece) <= size


def test_a_part_is_read_as_a_file() -> None:
    part = FilePart(BytesIO(b"0123456789"), 3, 7)
    assert (part.size, part.read()) == (4, b"3456")
    part.seek(-1, 2)
    assert (part.read(9), part.read(9)) == (b"6", b"")
    assert FilePart(BytesIO(b""), 0, 0).read(1) == b""


def test_a_file_that_was_cut_is_no_end() -> None:
    file = BytesIO(b"0123456789")
    part = FilePart(file, 0, 10)
    file.truncate(5)
    assert part.read(9) == b"01234"
    with pytest.raises(OSError, match="cut"):
        part.read(9)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"", 0),
        (b"torn", 0),
        (b"a\n", 2),
        (b"a\nb\ntorn", 4),
        (b"a\n" + b"t" * 3 * BLOCK, 2),
        (b"t" * BLOCK + b"\n" + b"t" * (BLOCK - 1), BLOCK + 1),
    ],
)
def test_whole_lines_end_with_the_last_line_feed(data: bytes, whole: int) -> None:
    assert whole_lines(BytesIO(data), len(data)) == whole
    assert whole_lines(BytesIO(data + b"\ngrown since"), len(data)) == whole
