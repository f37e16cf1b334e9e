"""SQLite as Scrapyd's daemon uses it: it must neither wait for the disk nor keep a lock."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_BUSY_MILLISECONDS = 250
"""While SQLite waits for another process's lock, the daemon answers nobody."""


def prepare(connection: sqlite3.Connection) -> None:
    """Set up a connection that Scrapyd has opened."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")


@contextmanager
def undone_if_failed(connection: sqlite3.Connection) -> Iterator[None]:
    """Roll back what failed inside. Python leaves the transaction open, and with it its lock."""
    try:
        yield
    except sqlite3.Error:
        connection.rollback()
        raise


def refusal_of(connection: sqlite3.Connection) -> str:
    """Why nothing can be written just now; empty where it can."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return str(error)
    connection.rollback()
    return ""
