"""Writes rows as one of the tables."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO

from category_crawler.run.rows import rows_in
from category_crawler.tables.csv_table import write_csv


class TableKind(StrEnum):
    """A table that rows can become; the value is the ending of its file's name."""

    CSV = "csv"
    RAW_CSV = "raw.csv"
    """Without a ``'`` before texts that would be formulas."""
    XLSX = "xlsx"
    PARQUET = "parquet"


def write_table(
    kind: TableKind, rows: IO[bytes], size: int, path: Path, facts: Mapping[str, str]
) -> None:
    """Write the first ``size`` bytes of a file of rows as a table.

    ``facts`` say what was asked, for the kinds of file that have room for it. Raises ValueError if
    the rows are damaged, OSError if the table cannot be written.
    """
    if kind is TableKind.PARQUET:
        from category_crawler.tables.parquet_table import write_parquet

        write_parquet(rows, size, path, facts)
        return
    rows.seek(0)
    _write_lines(kind, rows_in(first_lines(rows, size)), path, facts)


def _write_lines(
    kind: TableKind, lines: Iterable[bytes], path: Path, facts: Mapping[str, str]
) -> None:
    if kind is TableKind.XLSX:
        from category_crawler.tables.xlsx_table import write_xlsx

        write_xlsx(lines, path, facts)
        return
    with path.open("wb") as file:
        write_csv(lines, file, raw=kind is TableKind.RAW_CSV)


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
