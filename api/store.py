"""SQLite: users, credentials, collections, runners. Every move of a stage is one statement."""

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from category_crawler.run import utc_now

Row = dict[str, Any]

_BUSY_SECONDS = 15
migrations = Migrations("api")


class Store:
    """One database file, one connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_suffix(".lock")):
            migrations.apply(self.db)

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._threads, "db"):
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._threads.db = Database(connection)
        db: Database = self._threads.db
        return db

    # --- Users ------------------------------------------------------------------------------

    def add_user(self, email: str, name: str, credential_hash: str) -> int:
        """A new user with one API key. Raises ValueError where the e-mail address is taken."""
        try:
            with self._writing() as connection:
                user = connection.execute(
                    "INSERT INTO users (email, name, created_at) VALUES (?, ?, ?)",
                    (email, name, utc_now()),
                ).lastrowid
                connection.execute(
                    "INSERT INTO credentials (hash, user, kind, created_at) VALUES (?, ?, ?, ?)",
                    (credential_hash, user, "key", utc_now()),
                )
        except sqlite3.IntegrityError:
            raise ValueError(f"there is a user {email} already") from None
        assert user is not None
        return user

    def users(self) -> list[Row]:
        """Every user, oldest first."""
        return list(self.db.query("SELECT id, email, name, created_at FROM users ORDER BY id"))

    def user_of(self, credential_hash: str) -> Row | None:
        """The user whose key or unexpired token has this hash."""
        return self._one(
            "SELECT users.* FROM credentials JOIN users ON users.id = credentials.user "
            "WHERE hash = ? AND is_active AND (expires_at IS NULL OR expires_at > ?)",
            (credential_hash, utc_now()),
        )

    # --- Collections and runners ------------------------------------------------------------

    def add_collection(self, user: int, name: str, request: Row, warnings: list[str]) -> Row:
        """A new collection with its first runner, queued, and the runner's first attempt."""
        with self._writing() as connection:
            collection = connection.execute(
                "INSERT INTO collections (user, name, request_type, request, warnings, created_at) "
                "VALUES (?, ?, 'amazon_category_scrape', ?, ?, ?)",
                (user, name, json.dumps(request), json.dumps(warnings), utc_now()),
            ).lastrowid
            runner = connection.execute(
                "INSERT INTO runners (collection, stage, attempt, created_at) "
                "VALUES (?, 'queued', 1, ?)",
                (collection, utc_now()),
            ).lastrowid
            connection.execute(
                "INSERT INTO attempts (runner, number, created_at) VALUES (?, 1, ?)",
                (runner, utc_now()),
            )
        assert runner is not None
        found = self.runner(runner)
        assert found is not None
        return found

    def remove_collection(self, collection: int) -> None:
        """Undo :meth:`add_collection`: Scrapyd never took the job."""
        with self._writing() as connection:
            runners = "SELECT id FROM runners WHERE collection = ?"
            connection.execute(f"DELETE FROM attempts WHERE runner IN ({runners})", (collection,))
            connection.execute("DELETE FROM runners WHERE collection = ?", (collection,))
            connection.execute("DELETE FROM collections WHERE id = ?", (collection,))

    def runner(self, runner: int) -> Row | None:
        """A runner with what its collection says."""
        return self._one(f"{_RUNNERS} WHERE runners.id = ?", (runner,))

    def newest_runner(self, user: int, collection: int) -> Row | None:
        """The newest runner of a user's own collection."""
        return self._one(
            f"{_RUNNERS} WHERE collection = ? AND user = ? ORDER BY runners.id DESC LIMIT 1",
            (collection, user),
        )

    def own_runner(self, user: int, collection: int, runner: int) -> Row | None:
        """A runner of a user's own collection."""
        return self._one(
            f"{_RUNNERS} WHERE runners.id = ? AND collection = ? AND user = ?",
            (runner, collection, user),
        )

    def newest_runners(
        self, user: int, stage: str | None, limit: int, skip: int
    ) -> tuple[int, list[Row]]:
        """How many of a user's collections there are, and some of their newest runners."""
        where = (
            "WHERE user = :user AND (:stage IS NULL OR stage = :stage) AND runners.id = "
            "(SELECT max(id) FROM runners AS r WHERE r.collection = collections.id)"
        )
        values = {"user": user, "stage": stage, "limit": limit, "skip": skip}
        counted = self._one(
            "SELECT count(*) AS total FROM runners "
            f"JOIN collections ON collections.id = runners.collection {where}",
            values,
        )
        page = f"{_RUNNERS} {where} ORDER BY runners.id DESC LIMIT :limit OFFSET :skip"
        assert counted is not None
        return counted["total"], [_read(row) for row in self.db.query(page, values)]

    def open_runners(self) -> list[Row]:
        """Runners that have not ended, and cancelled ones whose job may still be alive."""
        query = f"{_RUNNERS} WHERE stage IN ('queued', 'scraping') OR stopping IS NOT NULL"
        return [_read(row) for row in self.db.query(query)]

    def start(self, runner: int, started_at: str) -> bool:
        """Move from queued to scraping."""
        return self._moved(
            "UPDATE runners SET stage = 'scraping', started_at = ? "
            "WHERE id = ? AND stage = 'queued' RETURNING id",
            (started_at, runner),
        )

    def end(self, runner: int, stage: str, **values: Any) -> bool:
        """Move to ``done`` or ``failed``; False where another was first: an end never changes."""
        ended = {"finished_at": utc_now(), "missing_since": None} | values | {"stage": stage}
        assignments = ", ".join(f"{column} = :{column}" for column in ended)
        return self._moved(
            f"UPDATE runners SET {assignments} "
            "WHERE id = :id AND stage IN ('queued', 'scraping') RETURNING id",
            ended | {"id": runner},
        )

    def set_stopping(self, runner: int, before: str | None, after: str | None) -> bool:
        """Move on what is being done to end a cancelled job; True for the one who did."""
        return self._moved(
            "UPDATE runners SET stopping = ? WHERE id = ? AND stopping IS ? RETURNING id",
            (after, runner, before),
        )

    def set_missing(self, runner: int, since: str | None) -> None:
        """Note since when Scrapyd does not know the job; None once it does."""
        with self._writing() as connection:
            connection.execute("UPDATE runners SET missing_since = ? WHERE id = ?", (since, runner))

    # --- Delivery sessions --------------------------------------------------------------------

    def add_zipcode(
        self, user: int, domain: str, postcode: str, suburb: str | None, has_file: bool
    ) -> tuple[Row, bool]:
        """A user's record of a session, and whether the session's job has to be started.

        Raises ValueError where the user has one already.
        """
        try:
            with self._writing() as connection:
                session, starts = _wanted_session(connection, domain, postcode, suburb, has_file)
                number = connection.execute(
                    "INSERT INTO zipcodes (user, session, created_at) VALUES (?, ?, ?)",
                    (user, session, utc_now()),
                ).lastrowid
        except sqlite3.IntegrityError:
            raise ValueError(f"user {user} has {domain} {postcode} already") from None
        assert number is not None
        zipcode = self.zipcode(number)
        assert zipcode is not None
        return zipcode, starts

    def undo_zipcode(self, zipcode: int) -> None:
        """Undo :meth:`add_zipcode`: Scrapyd never took the job."""
        session = self.zipcode(zipcode)
        if session is not None and self.remove_zipcode(zipcode) is None:
            # Others have asked for it meanwhile.
            said = "Scrapyd was away: refresh-zipcode tries again"
            self.move_session(session | {"id": session["session"]}, "failed", failed_message=said)

    def zipcode(self, zipcode: int) -> Row | None:
        """A user's record with what its session says."""
        return self._one(f"{_ZIPCODES} WHERE zipcodes.id = ?", (zipcode,))

    def own_zipcode(self, user: int, zipcode: int) -> Row | None:
        """A user's own record."""
        return self._one(f"{_ZIPCODES} WHERE zipcodes.id = ? AND user = ?", (zipcode, user))

    def zipcodes(self, user: int, domain: str | None = None) -> list[Row]:
        """A user's records, oldest first."""
        where = "WHERE user = :user AND (:domain IS NULL OR domain = :domain) ORDER BY zipcodes.id"
        return list(self.db.query(f"{_ZIPCODES} {where}", {"user": user, "domain": domain}))

    def remove_zipcode(self, zipcode: int) -> Row | None:
        """Remove a record; the session, where it was the last of it and is gone with it."""
        with self._writing() as connection:
            gone = connection.execute(
                "DELETE FROM zipcodes WHERE id = ? RETURNING session", (zipcode,)
            ).fetchone()
            if gone is None:
                return None
            session = self._one("SELECT * FROM sessions WHERE id = ?", gone)
            deleted = connection.execute(
                "DELETE FROM sessions WHERE id = ? "
                "AND NOT EXISTS (SELECT 1 FROM zipcodes WHERE session = sessions.id) RETURNING id",
                gone,
            ).fetchone()
        return session if deleted else None

    def session_of(self, domain: str, postcode: str) -> Row | None:
        """The session of a domain and a postcode."""
        return self._one(
            "SELECT * FROM sessions WHERE domain = ? AND postcode = ?", (domain, postcode)
        )

    def open_sessions(self) -> list[Row]:
        """Sessions that are being made."""
        query = "SELECT * FROM sessions WHERE status IN ('pending', 'in-progress')"
        return list(self.db.query(query))

    def restart_session(self, session: int) -> bool:
        """Move to ``pending`` for a new attempt; False while it is being made."""
        return self._moved(
            "UPDATE sessions SET status = 'pending', attempt = attempt + 1, missing_since = NULL, "
            "failed_message = NULL, updated_at = ? "
            "WHERE id = ? AND status IN ('active', 'failed', 'inactive') RETURNING id",
            (utc_now(), session),
        )

    def move_session(self, session: Row, status: str, **values: Any) -> bool:
        """Move a session on from where the row says it is; False where it is not there."""
        moved = {"updated_at": utc_now(), "missing_since": None} | values | {"status": status}
        assignments = ", ".join(f"{column} = :{column}" for column in moved)
        asked = {"id": session["id"], "was": session["status"], "attempt": session["attempt"]}
        return self._moved(
            f"UPDATE sessions SET {assignments} "
            "WHERE id = :id AND status = :was AND attempt = :attempt RETURNING id",
            moved | asked,
        )

    def set_session_missing(self, session: int, since: str) -> None:
        """Note since when Scrapyd does not know the session's job."""
        self._moved(
            "UPDATE sessions SET missing_since = ? WHERE id = ? RETURNING id", (since, session)
        )

    # --- Beneath ----------------------------------------------------------------------------

    def _one(self, query: str, values: tuple[Any, ...] | Row) -> Row | None:
        row = next(iter(self.db.query(query, values)), None)
        return None if row is None else _read(row)

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


_RUNNERS = (
    "SELECT runners.*, collections.user, collections.name, collections.request_type, "
    "collections.request, collections.warnings, collections.created_at AS collection_created_at "
    "FROM runners JOIN collections ON collections.id = runners.collection"
)


_ZIPCODES = (
    "SELECT zipcodes.*, domain, postcode, suburb, status, failed_message, bad_version, attempt, "
    "missing_since, updated_at "
    "FROM zipcodes JOIN sessions ON sessions.id = zipcodes.session"
)


def _wanted_session(
    connection: sqlite3.Connection, domain: str, postcode: str, suburb: str | None, has_file: bool
) -> tuple[int, bool]:
    """The session's number, whether it is there already or not, and whether its job must start."""
    added = connection.execute(
        "INSERT INTO sessions (domain, postcode, suburb, status, attempt, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        (domain, postcode, suburb, "active" if has_file else "pending", utc_now(), utc_now()),
    ).fetchone()
    if added is not None:
        return added[0], not has_file
    started = connection.execute(
        "UPDATE sessions SET status = 'pending', attempt = attempt + 1, suburb = ?, "
        "missing_since = NULL, failed_message = NULL, updated_at = ? "
        "WHERE domain = ? AND postcode = ? AND status IN ('failed', 'inactive') RETURNING id",
        (suburb, utc_now(), domain, postcode),
    ).fetchone()
    if started is not None:
        return started[0], True
    there = connection.execute(
        "SELECT id FROM sessions WHERE domain = ? AND postcode = ?", (domain, postcode)
    ).fetchone()
    return there[0], False


def _read(row: Row) -> Row:
    for column in ("request", "warnings", "coverage"):
        if row.get(column) is not None:
            row[column] = json.loads(row[column])
    return row


_TABLES = (
    """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email TEXT NOT NULL UNIQUE COLLATE NOCASE,
        name TEXT NOT NULL,
        is_active INTEGER NOT NULL DEFAULT 1,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE credentials (
        hash TEXT PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users,
        kind TEXT NOT NULL CHECK (kind IN ('key', 'token')),
        expires_at TEXT,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL REFERENCES users,
        name TEXT NOT NULL,
        request_type TEXT NOT NULL,
        request TEXT NOT NULL,
        warnings TEXT NOT NULL,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE INDEX collections_of_user ON collections (user, id)
    """,
    """
    CREATE TABLE runners (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL REFERENCES collections,
        stage TEXT NOT NULL CHECK (stage IN ('queued', 'scraping', 'done', 'failed')),
        attempt INTEGER NOT NULL,
        asin_count INTEGER NOT NULL DEFAULT 0,
        coverage TEXT,
        failed_reason TEXT,
        failed_message TEXT,
        stopping TEXT CHECK (stopping IN ('asked', 'interrupted', 'killed')),
        missing_since TEXT,
        created_at TEXT NOT NULL,
        started_at TEXT,
        finished_at TEXT
    )
    """,
    """
    CREATE INDEX runners_of_collection ON runners (collection, id)
    """,
    """
    CREATE INDEX open_runners ON runners (id)
        WHERE stage IN ('queued', 'scraping') OR stopping IS NOT NULL
    """,
    """
    CREATE TABLE attempts (
        runner INTEGER NOT NULL REFERENCES runners,
        number INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (runner, number)
    )
    """,
)


_SESSION_TABLES = (
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        postcode TEXT NOT NULL,
        suburb TEXT,
        status TEXT NOT NULL
            CHECK (status IN ('pending', 'in-progress', 'active', 'failed', 'inactive')),
        failed_message TEXT,
        bad_version TEXT,
        attempt INTEGER NOT NULL,
        missing_since TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (domain, postcode)
    )
    """,
    """
    CREATE TABLE zipcodes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL REFERENCES users,
        session INTEGER NOT NULL REFERENCES sessions,
        created_at TEXT NOT NULL,
        UNIQUE (user, session)
    )
    """,
    """
    CREATE INDEX open_sessions ON sessions (id) WHERE status IN ('pending', 'in-progress')
    """,
)


@migrations()
def create_tables(db: Database) -> None:
    """The first form of the tables; times are UTC, ISO 8601 with Z."""
    for statement in _TABLES:
        db.conn.execute(statement)


@migrations()
def create_sessions(db: Database) -> None:
    """Delivery sessions, and which users asked for which."""
    for statement in _SESSION_TABLES:
        db.conn.execute(statement)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold off other processes that would change the tables at the same moment."""
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
