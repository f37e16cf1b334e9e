"""DuckDB in the API: one database in memory, a cursor for each query."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from category_crawler.files.home import var_folder
from category_crawler.process_watch import has_exited

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "384MB",
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""For all queries together; what does not fit goes to ``var/duckdb/<PID>``."""


def rows_of(
    sql: str, parameters: Sequence[Any] = (), cursor: DuckDBPyConnection | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns. Values are bound as parameters.

    Temporary tables are those of the ``cursor``, which is a new one by default. Raises OSError if a
    file cannot be read: a table may just have made room for another, or been removed by prune.
    """
    cursor = execute(sql, parameters, cursor)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def execute(
    sql: str, parameters: Sequence[Any] = (), cursor: DuckDBPyConnection | None = None
) -> DuckDBPyConnection:
    """Run a statement; the cursor with its rows. Raises OSError as :func:`rows_of` does."""
    import duckdb

    cursor = cursor or cursor_of()
    try:
        return cursor.execute(sql, list(parameters))
    except duckdb.IOException as error:
        raise OSError(errno.EIO, str(error).partition("\n")[0]) from None


def cursor_of() -> DuckDBPyConnection:
    """A cursor of this process's database; each thread needs one of its own."""
    return _database(var_folder() / "duckdb").cursor()


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left."""
    for path in folder.glob("*"):
        if path.name.isdigit() and has_exited(int(path.name)):
            shutil.rmtree(path, ignore_errors=True)


@lru_cache(maxsize=1)
def _database(folder: Path) -> DuckDBPyConnection:
    import duckdb  # takes some tenths of a second and 60 MB, which no start needs to wait for

    database = duckdb.connect(config=_CONFIG)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    database.execute("SET temp_directory = ?", [str(folder / str(os.getpid()))])
    return database
