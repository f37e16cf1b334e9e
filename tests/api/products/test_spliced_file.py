"""A file between two pieces reads as one."""

from io import SEEK_CUR, SEEK_END, BytesIO

import pytest

from api.products.spliced_file import SplicedFile

LONG = bytes(range(256)) * 3000


@pytest.fixture
def spliced() -> SplicedFile:
    return SplicedFile(b'{"asins": ', BytesIO(LONG), b"}")


def test_all_of_it_in_order(spliced: SplicedFile) -> None:
    assert spliced.read() == b'{"asins": ' + LONG + b"}"
    assert spliced.size == len(LONG) + 11
    assert spliced.read(1) == b""


@pytest.mark.parametrize("size", [1, 7, 100_000, 10_000_000])
def test_pieces_of_any_size_make_the_whole(spliced: SplicedFile, size: int) -> None:
    pieces = iter(lambda: spliced.read(size), b"")
    assert b"".join(piece for piece in pieces if len(piece) <= size) == b'{"asins": ' + LONG + b"}"


def test_little_is_read_at_once(spliced: SplicedFile) -> None:
    spliced.seek(10)
    assert len(spliced.read(10_000_000)) < len(LONG)


def test_what_was_not_sent_is_read_again(spliced: SplicedFile) -> None:
    spliced.seek(8)
    assert spliced.read(100) == b": "
    spliced.seek(9)
    assert (spliced.read(100), spliced.tell()) == (b" ", 10)
    assert spliced.seek(5, SEEK_CUR) == 15
    assert spliced.read(3) == LONG[5:8]
    spliced.seek(-2, SEEK_END)
    assert (spliced.read(100), spliced.read(100)) == (LONG[-1:], b"}")


def test_closing_it_closes_the_file() -> None:
    file = BytesIO(LONG)
    SplicedFile(b"", file, b"").close()
    assert file.closed


def test_empty_pieces_are_no_end() -> None:
    assert SplicedFile(b"", BytesIO(b"[]"), b"").read(100) == b"[]"
