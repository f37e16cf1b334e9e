"""Writes rows as a CSV table; runs as a program, too.

``python -m category_crawler.run.csv_table BYTES PARENT`` reads the first BYTES of rows from
standard input and writes the table to standard output. It runs at the lowest priority and stops
when the process PARENT (a PID) has gone. The exit code is 0 only if the table is complete.
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
_ROWS_PER_CHECK = 1000
"""Rows between two checks that the parent exists."""


def write_csv(lines: Iterable[bytes], file: IO[bytes]) -> None:
    """Write rows, given as lines of JSON, as a table with a header line.

    Raises ValueError if a line is not a row, OSError if the file cannot be written.
    """
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(_cell(value) for value in map(_row(line).get, COLUMNS))
    text.flush()
    text.detach()


def first_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The lines in a file's first ``size`` bytes.

    Raises ValueError if the file is shorter, or if ``size`` is inside a line.
    """
    while size > 0:
        line = file.readline()
        if not line or len(line) > size:
            raise ValueError(f"the last {size} bytes of the rows are missing or end inside a line")
        size -= len(line)
        yield line


def _row(line: bytes) -> dict[str, Any]:
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("a line is not a row")
    return values


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return " | ".join(map(str, value)) if isinstance(value, list) else value


def _while_wanted(lines: Iterable[bytes], parent: int) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number % _ROWS_PER_CHECK == 0 and os.getppid() != parent:
            sys.exit("The process that wanted the table is gone")
        yield line


def main() -> int:
    """Convert standard input to standard output; returns the exit code."""
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
