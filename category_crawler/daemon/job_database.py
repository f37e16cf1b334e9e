"""SQLite settings for Scrapyd's daemon, which must not wait for the disk or keep a lock."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from category_crawler.files.record_file import set_aside

_BUSY_MILLISECONDS = 250
"""The daemon answers no request while SQLite waits for a lock."""


def prepare(connection: sqlite3.Connection) -> None:
    """Configure a connection that Scrapyd has opened."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")


def set_damaged_aside(folder: Path) -> None:
    """Rename Scrapyd's databases that are damaged; new ones take their place.

    No job is lost: the API schedules those again that Scrapyd does not know.
    """
    for path in folder.glob("*.db"):
        try:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA quick_check").fetchall()
        except sqlite3.OperationalError:
            continue  # locked, or the disk refuses: the file may be whole
        except sqlite3.DatabaseError:
            set_aside(path)


@contextmanager
def undone_if_failed(connection: sqlite3.Connection) -> Iterator[None]:
    """Roll back a transaction that fails; Python would leave it open and keep its lock."""
    try:
        yield
    except sqlite3.Error:
        connection.rollback()
        raise


def why_not_writable(connection: sqlite3.Connection) -> str:
    """Why the database cannot be written now; empty if it can."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return str(error)
    connection.rollback()
    return ""
