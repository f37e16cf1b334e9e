"""Rows as a Parquet file, written by DuckDB."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from category_crawler.tables.columns import COLUMNS, TYPES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE = 1000
"""Records that are held in memory."""

_DUCKDB_TYPES = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    list: "VARCHAR[]",
}
_FIELDS = ", ".join(f"{name}: '{_DUCKDB_TYPES[kind]}'" for name, kind in TYPES.items())
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "512MB",
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""Nothing is fetched from the network; what does not fit into memory goes to a temporary file."""


def write_parquet(rows: IO[bytes], size: int, path: Path, facts: Mapping[str, str]) -> None:
    """Write the first ``size`` bytes of a file of rows as Parquet (zstd), in the file's order.

    The rows are lines of JSON, or an array of them; ``facts`` become the file's metadata. Raises
    ValueError if a line is not a row, OSError if the file cannot be written.
    """
    import duckdb  # takes some tenths of a second, which not every process needs

    form = "array" if _is_array(rows) else "newline_delimited"
    with _part(rows, size, path.parent) as part, duckdb.connect(config=_CONFIG) as database:
        # Two processes that spill into one folder would use the same names.
        database.execute("SET temp_directory = ?", [str(path.with_name(f"{path.name}.duckdb"))])
        try:
            database.execute(
                f"COPY (SELECT {', '.join(COLUMNS)} FROM read_json("  # noqa: S608 - constants
                f"?, format='{form}', columns={{{_FIELDS}}}, maximum_object_size=2097152)) "
                f"TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION zstd{metadata(facts)})",
                [part],
            )
        except duckdb.IOException as error:
            raise OSError(f"{path.name} could not be written: {_first_line(error)}") from None
        except duckdb.Error as error:
            raise ValueError(_first_line(error)) from None


def read_parquet(source: IO[bytes]) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The columns of a Parquet file, and its records in order, read a thousand at a time."""
    import duckdb

    database = duckdb.connect(config=_CONFIG)
    database.execute("SELECT * FROM read_parquet(?)", [f"/dev/fd/{source.fileno()}"])
    columns = [column[0] for column in database.description or ()]
    return columns, _records(database, columns)


def _records(database: "DuckDBPyConnection", columns: list[str]) -> Iterator[dict[str, Any]]:
    with database:
        while rows := database.fetchmany(_AT_ONCE):
            for row in rows:
                yield dict(zip(columns, row, strict=True))


def _is_array(rows: IO[bytes]) -> bool:
    rows.seek(0)
    return rows.read(1) == b"["


@contextmanager
def _part(rows: IO[bytes], size: int, folder: Path) -> Iterator[str]:
    """The path of a file that is just the first ``size`` bytes."""
    there = rows.seek(0, 2)
    if there < size:
        raise ValueError(f"the last {size - there} bytes of the rows are missing")
    if there == size:
        yield f"/dev/fd/{rows.fileno()}"
        return
    rows.seek(0)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".rows.") as copy:
        left = size
        while left and (piece := rows.read(min(left, 1024 * 1024))):
            left -= copy.write(piece)
        copy.flush()
        yield copy.name


def metadata(facts: Mapping[str, str]) -> str:
    """An option of COPY that gives a Parquet file its facts; empty without any."""
    pairs = ", ".join(f"{sql_text(name)}: {sql_text(value)}" for name, value in facts.items())
    return f", KV_METADATA {{{pairs}}}" if pairs else ""


def sql_text(value: str) -> str:
    """A text of SQL, for the options of COPY, which take no parameters."""
    return "'" + value.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
