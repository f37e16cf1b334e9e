"""Rows as a CSV table. As a program it is a filter from the rows' file to the table.

``python -m category_crawler.run.csv_table BYTES PARENT`` turns the first BYTES of its standard
input into the table on its standard output, at the lowest priority, as long as the process PARENT
is there. Its exit code is 0 only if the table is whole.
"""

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from typing import IO, Any

from category_crawler.items import Product

_FIRST_COLUMNS = (
    *("asin", "parent_asin", "is_variant", "is_brand", "is_store", "is_prime"),
    *("seller_name", "price_cents", "in_stock"),
)
COLUMNS = (
    *_FIRST_COLUMNS,
    *(name for name in Product.__dataclass_fields__ if name not in _FIRST_COLUMNS),
)
_LOWEST_PRIORITY = 19
_LOOK_EVERY = 1000
"""Rows between two looks for the parent."""


def write_csv(lines: Iterable[bytes], file: IO[bytes]) -> None:
    """Write rows, given as lines of JSON, as a table with its head.

    Raises ValueError where a line is no row, OSError where the file takes no more.
    """
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(_cell(value) for value in map(_row(line).get, COLUMNS))
    text.flush()
    text.detach()


def first_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The lines of a file's first ``size`` bytes, which are whole lines.

    Raises ValueError where the file has fewer bytes.
    """
    while size > 0:
        line = file.readline()
        if not line or len(line) > size:
            raise ValueError(f"the rows end {size} bytes too early or too late")
        size -= len(line)
        yield line


def _row(line: bytes) -> dict[str, Any]:
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("a line is no row")
    return values


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return " | ".join(map(str, value)) if isinstance(value, list) else value


def _while_wanted(lines: Iterable[bytes], parent: int) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number % _LOOK_EVERY == 0 and os.getppid() != parent:
            sys.exit("The process that wanted the table is gone")
        yield line


def main() -> int:
    """Filter standard input to standard output."""
    size, parent = map(int, sys.argv[1:])
    os.nice(_LOWEST_PRIORITY)
    try:
        write_csv(_while_wanted(first_lines(sys.stdin.buffer, size), parent), sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
