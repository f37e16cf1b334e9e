"""The database file: a connection per thread, transactions, tables brought up to date."""

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from api.store.tables import migrations

Row = dict[str, Any]

_BUSY_SECONDS = 15


class SQLiteFile:
    """One database file, one connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_suffix(".lock")):
            # It holds hashes of passwords and keys; SQLite's files beside it take its mode.
            path.touch(mode=0o600)
            migrations.apply(self.db)

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._threads, "db"):
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            # Whoever was given a number finds it after a power cut, too.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._threads.db = Database(connection)
        db: Database = self._threads.db
        return db

    def _all(self, query: str, values: tuple[Any, ...] | Row = ()) -> list[Row]:
        # Database.query() would put a savepoint around each.
        cursor = self.db.conn.execute(query, values)
        columns = [column[0] for column in cursor.description]
        return [_read(dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]

    def _one(self, query: str, values: tuple[Any, ...] | Row) -> Row | None:
        return next(iter(self._all(query, values)), None)

    def _moved(self, update: str, values: tuple[Any, ...] | Row) -> bool:
        return bool(self.db.conn.execute(update, values).fetchall())

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        # A transaction that begins by reading fails under contention instead of waiting.
        connection = self.db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _read(row: Row) -> Row:
    """A row with what it keeps as JSON made values again."""
    for column in ("request", "warnings", "coverage"):
        if row.get(column) is not None:
            row[column] = json.loads(row[column])
    return row


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold off other processes that would change the tables at the same moment."""
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
