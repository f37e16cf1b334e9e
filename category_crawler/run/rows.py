"""A product as a line of JSON: the rows of every result file."""

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
"""Bytes; a row has some hundreds, a journal line some thousands."""
ROW_BEGIN, ROW_END = b'{"asin"', b"}\n"
ROW_BOUNDARY = ROW_END + ROW_BEGIN
"""What stands between two rows."""
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def row(product: Product) -> bytes:
    """A product as one line of JSON, fields in their order."""
    return _to_json({name: getattr(product, name) for name in _FIELDS}).encode() + b"\n"


def json_array(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of JSON as one JSON array, a row a line."""
    yield b"["
    separator = b"\n"
    for line in lines:
        yield separator + line.rstrip(b"\n")
        separator = b",\n"
    yield b"\n]\n"


def read_row(line: bytes) -> Product | None:
    """The product of a whole line; None for a line that is torn or no row."""
    if not line.endswith(b"\n"):
        return None
    try:
        return _PRODUCT.validate_json(line, strict=True)
    except ValidationError:
        return None


def looks_like_row(line: bytes) -> bool:
    """Whether a line begins and ends as a row: a quick look that shows what is torn or foreign."""
    return line.startswith(ROW_BEGIN) and line.endswith(ROW_END)


def whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines up to the first that is no row: torn, damaged, or left empty by a power cut."""
    return takewhile(read_row, lines)


def whole_rows(path: Path) -> int:
    """Bytes of a file's whole lines."""
    with path.open("rb") as file:
        return sum(map(len, whole_lines(lines_of(file))))


def rows_of_array(lines: Iterable[bytes]) -> int | None:
    """How many rows a file as :func:`json_array` writes it holds; None where it is not whole."""
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
    """A file's lines; one that is longer than any of ours comes in pieces, not into memory."""
    return iter(partial(file.readline, _LONGEST_LINE), b"")


def _part(line: bytes) -> str:
    """What a line is within an array: a bracket, a row with or without its comma, or damage."""
    if line in (b"[\n", b"]\n"):
        return chr(line[0])
    if looks_like_row(line):
        return "row"
    return "row," if line.endswith(b",\n") and looks_like_row(line[:-2] + b"\n") else "damage"
