"""The database as it was at one moment: a copy for a backup, and what it needs to be used again."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from api.store.database import SQLiteFile, StoreUnusable
from api.store.tables import migrations
from category_crawler.run.records import Progress

_NUMBERED = ("users", "collections", "runners")
"""Tables whose numbers name folders, or are known to clients."""


def write_snapshot(file: SQLiteFile, path: Path) -> None:
    """Copy the database to a new file while others read and write it.

    Raises StoreError, also if the copy shows that the database is damaged.
    """
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        # In one step: a copy in several would begin anew after each commit of others.
        file.db.conn.backup(copy)
        (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"database disk image is malformed: {found}")


def last_numbers(file: SQLiteFile) -> dict[str, int]:
    """The last number that was given in each table whose numbers are never given again."""
    marks = ", ".join("?" * len(_NUMBERED))
    query = f"SELECT name, seq FROM sqlite_sequence WHERE name IN ({marks})"
    return dict(file.rows(query, _NUMBERED))


def schema_of(file: SQLiteFile) -> list[str]:
    """The migrations that were applied, in their order."""
    return [one.name for one in migrations.applied(file.db)]


def settle_snapshot(
    path: Path, numbers: Mapping[str, int], gone: Mapping[int, Progress | None], at: str, rule: str
) -> None:
    """Make a snapshot the database of a home: bring its tables up to date, and say what is gone.

    ``numbers`` are the last ones that were given when its files were copied, see
    :func:`last_numbers`. The runners in ``gone``, with the progress to show, have no files: they
    say that these were removed ``at`` a time (UTC, ISO 8601 with Z) by a ``rule``. Whoever was
    signed in signs in again: what was signed out since the snapshot stays so.
    """
    file = SQLiteFile(path)
    with file.writing() as connection:
        connection.executemany(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
            [(numbers[name], name) for name in _NUMBERED if name in numbers],
        )
        connection.executemany(
            "UPDATE runners SET files_removed_at = coalesce(files_removed_at, ?), "
            "files_removed_by = coalesce(files_removed_by, ?), "
            "last_progress = coalesce(last_progress, ?) "
            "WHERE id = ? AND stage IN ('done', 'failed')",
            [
                (at, rule, progress and progress.model_dump_json(exclude_unset=True), runner)
                for runner, progress in gone.items()
            ],
        )
        connection.execute("DELETE FROM sign_in_links")
        connection.execute("DELETE FROM credentials WHERE kind = 'token'")
    file.close()
    join_log(path)


def join_log(path: Path) -> None:
    """Bring everything of a database into its one file.

    Raises StoreUnusable if another process has it open.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != "delete":
            raise StoreUnusable(f"the journal of {path.name} stays in mode {mode}")
