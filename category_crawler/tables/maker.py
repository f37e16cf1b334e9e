"""Writes rows as one of the tables."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from category_crawler.run.rows import rows_in
from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.csv_table import write_csv

_PARQUET = b"PAR1"
"""The first bytes of every Parquet file."""


class TableKind(StrEnum):
    """A table that rows can become; the value is the ending of its file's name."""

    CSV = "csv"
    RAW_CSV = "raw.csv"
    """Without a ``'`` before texts that would be formulas."""
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class _Source:
    """What a table is made of."""

    name: str
    columns: Sequence[str]
    records: Iterable[Mapping[str, Any]]


def write_table(
    kind: TableKind, source: IO[bytes], size: int, path: Path, facts: Mapping[str, str]
) -> None:
    """Write the first ``size`` bytes of a file of rows, or a whole Parquet file, as a table.

    ``facts`` say what was asked, for the kinds of file that have room for it. Raises ValueError if
    the rows are damaged, OSError if the table cannot be written.
    """
    if kind is TableKind.PARQUET:
        from category_crawler.tables.parquet_table import write_parquet

        write_parquet(source, size, path, facts)
        return
    given = _read(source, size)
    if kind is TableKind.XLSX:
        from category_crawler.tables.xlsx_table import write_xlsx

        write_xlsx(given.records, path, facts, given.columns, given.name)
        return
    with path.open("wb") as file:
        write_csv(given.records, file, given.columns, raw=kind is TableKind.RAW_CSV)


def _read(source: IO[bytes], size: int) -> _Source:
    source.seek(0)
    if source.read(len(_PARQUET)) == _PARQUET:
        from category_crawler.tables.parquet_table import read_parquet

        columns, records = read_parquet(source)
        # A change has a kind, a product has none.
        return _Source("Changes" if "kind" in columns else "Products", columns, records)
    source.seek(0)
    return _Source("Products", COLUMNS, map(values_of, rows_in(first_lines(source, size))))


def values_of(line: bytes) -> dict[str, Any]:
    """A row's values by column. Raises ValueError if the line is not a row."""
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("a line is not a row")
    return values


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
