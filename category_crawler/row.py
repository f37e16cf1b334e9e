"""A product as a line of JSON: the rows of every result file."""

import json
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from category_crawler.items import Product

_FIELDS = tuple(Product.__dataclass_fields__)
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


def whole_rows(path: Path) -> int:
    """Bytes up to the first line that is no row: torn, or left empty by a power cut."""
    with path.open("rb") as lines:
        return sum(len(line) for line in takewhile(_is_whole, lines))


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")
