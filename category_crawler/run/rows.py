"""Rows: one product per line of JSON."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby, takewhile
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from category_crawler.items import Product

_FIELDS = tuple(Product.__dataclass_fields__)
_PRODUCT = TypeAdapter(Product)
_LONGEST_LINE = 1024 * 1024
"""Bytes; a row has hundreds, a journal line thousands."""
ROW_BEGIN, ROW_END = b'{"asin"', b"}\n"
ROW_BOUNDARY = ROW_END + ROW_BEGIN
"""The bytes between two rows."""
_BRACKETS = (b"[\n", b"]\n")
"""The first and the last line of an array."""
ARRAY_BEGIN, ARRAY_END = b"[\n", b"\n]\n"
"""What every file written by :func:`json_array` begins and ends with; they share a byte if it has
no row."""
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def row(product: Product) -> bytes:
    """A product as one line of JSON, with its fields in order."""
    return _to_json({name: getattr(product, name) for name in _FIELDS}).encode() + b"\n"


def json_array(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of JSON as one JSON array, one row per line."""
    yield b"["
    separator = b"\n"
    for line in lines:
        yield separator + line.rstrip(b"\n")
        separator = b",\n"
    yield b"\n]\n"


def read_row(line: bytes) -> Product | None:
    """The product of a line; None if the line is incomplete or not a row."""
    if not line.endswith(b"\n"):
        return None
    try:
        return _PRODUCT.validate_json(line, strict=True)
    except ValidationError:
        return None


def looks_like_row(line: bytes) -> bool:
    """Whether a line starts and ends like a row: a fast check for incomplete or foreign lines."""
    return line.startswith(ROW_BEGIN) and line.endswith(ROW_END)


def whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines before the first that is not a row (incomplete, damaged, lost in a power cut)."""
    return takewhile(read_row, lines)


def whole_rows(path: Path) -> int:
    """Bytes of a file's rows before the first line that is not a row."""
    with path.open("rb") as file:
        return sum(map(len, whole_lines(lines_of(file))))


def rows_in(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The rows as lines of JSON, whether ``lines`` are such lines or those of a JSON array."""
    for line in lines:
        if line not in _BRACKETS:
            yield line if line.endswith(ROW_END) else line.rstrip(b",\n") + b"\n"


def rows_of_array(lines: Iterable[bytes]) -> int | None:
    """Number of rows in a file written by :func:`json_array`; None if it is not complete."""
    parts = [(kind, sum(1 for _ in alike)) for kind, alike in groupby(map(_part, lines))]
    match parts:
        case [("[", 1), ("]", 1)]:
            return 0
        case [("[", 1), ("row", 1), ("]", 1)]:
            return 1
        case [("[", 1), ("row,", number), ("row", 1), ("]", 1)]:
            return number + 1
    return None


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """A file's lines. A line over 1 MiB, which is none of ours, comes in pieces to save memory."""
    return iter(partial(file.readline, _LONGEST_LINE), b"")


def _part(line: bytes) -> str:
    """What a line of an array is: a bracket, a row with or without a comma, or damage."""
    if line in _BRACKETS:
        return chr(line[0])
    if looks_like_row(line):
        return "row"
    return "row," if line.endswith(b",\n") and looks_like_row(line[:-2] + b"\n") else "damage"
