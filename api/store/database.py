"""The database file: connections, transactions and migrations."""

import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlite_utils import Database

from api.store.reading import Record, Values
from api.store.tables import migrations, unknown_migrations
from api.store.write_ahead_log import WriteAheadLog

Given = Values | Mapping[str, Any]
"""Values for a statement's placeholders."""
StoreError = sqlite3.Error
"""Base of what SQLite raises."""
StoreUnusable = sqlite3.OperationalError
"""Raised if the database is locked, or its disk is full or refuses."""


class StoreTooNew(StoreUnusable):
    """Raised if a newer version has changed the tables."""

    def __init__(self, migration: str) -> None:
        super().__init__(f"a newer version has changed it: {migration}")


def plain(text: str) -> str:
    """A text for comparison: without case and accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in apart if not unicodedata.combining(mark))


def is_damaged(error: BaseException) -> bool:
    """Whether SQLite says that the file is damaged, or no database at all."""
    # It has no class of its own; the subclasses are other errors.
    return type(error) is sqlite3.DatabaseError


_BUSY_SECONDS = 15


def _nothing(_connection: sqlite3.Connection) -> None:
    pass


class SQLiteFile:
    """One database file, one connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        # SQLite's own waiting is not fair: sleeps grow longer, and a newcomer may go first.
        self._turn = threading.Lock()
        self._log = WriteAheadLog(path)
        self.before_commit: Callable[[sqlite3.Connection], None] = _nothing
        """Called at the end of each write transaction, within it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # Other processes may change the tables at the same moment.
        with FileLock(path.with_suffix(".lock")):
            # It holds hashes of passwords and keys; SQLite's files beside it take its mode.
            path.touch(mode=0o600)
            self._check_age()
            migrations.apply(self.db)

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._threads, "db"):
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.create_function("plain", 1, plain, deterministic=True)
            self._threads.db = Database(connection)
        db: Database = self._threads.db
        return db

    def _check_age(self) -> None:
        """Raise StoreTooNew if the database has tables that this version does not know."""
        applied = (one.name for one in migrations.applied(self.db))
        if newer := unknown_migrations(applied):
            self.close()
            raise StoreTooNew(newer[-1])

    def close(self) -> None:
        """Close this thread's connection; the next call opens a new one.

        Call it before a thread ends, and after a failure: a connection that was opened while the
        disk was read-only can never write, for example.
        """
        if hasattr(self._threads, "db"):
            self._threads.db.close()
            del self._threads.db

    def rows(self, query: str, values: Given = ()) -> list[Values]:
        connection = self.db.conn
        try:
            # Database.query() would put a savepoint around each.
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            if not connection.in_transaction:
                self.close()
            raise

    def all(self, read: Callable[[Values], Record], query: str, values: Given = ()) -> list[Record]:
        return [*map(read, self.rows(query, values))]

    def one(self, read: Callable[[Values], Record], query: str, values: Given) -> Record | None:
        return next(iter(self.all(read, query, values)), None)

    def moved(self, update: str, values: Given) -> bool:
        with self.writing() as connection:
            return bool(connection.execute(update, values).fetchall())

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; after it, the changes survive a power cut."""
        connection = self.db.conn
        with self._turn:
            try:
                # A transaction that starts as a read fails under contention instead of waiting.
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self.before_commit(connection)
                connection.execute("COMMIT")
            except sqlite3.OperationalError:
                # Closing the connection rolls the transaction back.
                self.close()
                raise
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            number = self._log.committed()
        self._log.wait_for(number)
