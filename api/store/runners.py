"""Collections and their runners."""

import json
from collections.abc import Callable
from sqlite3 import Connection
from typing import Any

from api.sentences import few_credits
from api.store.credits import Credits
from api.store.database import Row
from api.store.notices import Notices
from category_crawler.times import utc_now

_RUNNERS = (
    "SELECT runners.*, collections.user, collections.name, collections.request_type, "
    "collections.request, collections.warnings, collections.created_at AS collection_created_at "
    "FROM runners JOIN collections ON collections.id = runners.collection"
)


def _add_runner(connection: Connection, values: Row) -> int:
    """A queued runner and its first attempt; the runner's number."""
    given = values | {"stage": "queued", "attempt": 1, "created_at": utc_now()}
    columns, marks = ", ".join(given), ", ".join(f":{column}" for column in given)
    (runner,) = connection.execute(
        f"INSERT INTO runners ({columns}) VALUES ({marks}) RETURNING id", given
    ).fetchone()
    connection.execute(
        "INSERT INTO attempts (runner, number, created_at) VALUES (?, 1, ?)", (runner, utc_now())
    )
    return int(runner)


class Runners(Credits, Notices):
    """What was asked for, and how it stands."""

    def add_collection(
        self,
        user: int,
        name: str,
        request: Row,
        warnings: list[str],
        wanted: int = 1,
        check: Callable[[], None] = lambda: None,
    ) -> Row:
        """A new collection with its first runner, queued, and the runner's first attempt.

        Of the credits ``wanted``, those that the user can spend are frozen for the runner, and a
        warning tells where they are fewer. ``check`` is called while no delivery session can be
        forgotten; what it raises leaves everything as it was. Raises NotEnoughCredits where there
        is no credit.
        """
        with self._writing() as connection:
            check()
            reserved = self._reserve(connection, user, wanted)
            told = json.dumps(warnings + few_credits(reserved, wanted))
            collection = connection.execute(
                "INSERT INTO collections (user, name, request_type, request, warnings, created_at) "
                "VALUES (?, ?, 'amazon_category_scrape', ?, ?, ?)",
                (user, name, json.dumps(request), told, utc_now()),
            ).lastrowid
            runner = _add_runner(connection, {"collection": collection, "reserved": reserved})
        return self._there(runner)

    def add_runner(self, earlier: Row, kept: int, wanted: int) -> Row | None:
        """A new runner of a collection, to continue its newest one; None where that is no more so.

        ``kept`` rows are carried over and not paid for again. Raises NotEnoughCredits.
        """
        with self._writing() as connection:
            newest = connection.execute(
                "SELECT max(id) FROM runners WHERE collection = ?", (earlier["collection"],)
            ).fetchone()
            if newest != (earlier["id"],):
                return None
            runner = _add_runner(
                connection,
                {
                    "collection": earlier["collection"],
                    "reserved": self._reserve(connection, earlier["user"], wanted),
                    "earlier": earlier["id"],
                    "carried": kept,
                },
            )
        return self._there(runner)

    def remove_runner(self, runner: int) -> None:
        """Undo :meth:`add_runner`: Scrapyd never took the job."""
        with self._writing() as connection:
            self._settle(connection, runner, 0, is_over=True)
            connection.execute("DELETE FROM attempts WHERE runner = ?", (runner,))
            connection.execute("DELETE FROM runners WHERE id = ?", (runner,))

    def next_attempt(self, runner: Row, mark: int, stalled: int) -> Row | None:
        """Count an open runner's attempts on; the runner, or None where another was first."""
        with self._writing() as connection:
            moved = connection.execute(
                "UPDATE runners SET attempt = attempt + 1, mark = ?, stalled = ?, "
                "missing_since = NULL WHERE id = ? AND attempt = ? "
                "AND stage IN ('queued', 'scraping') RETURNING id, attempt",
                (mark, stalled, runner["id"], runner["attempt"]),
            ).fetchone()
            if moved is None:
                return None
            connection.execute(
                "INSERT INTO attempts (runner, number, created_at) VALUES (?, ?, ?)",
                (*moved, utc_now()),
            )
        return self._there(runner["id"])

    def undo_attempt(self, before: Row) -> None:
        """Undo :meth:`next_attempt`: Scrapyd never took the job."""
        with self._writing() as connection:
            undone = connection.execute(
                "UPDATE runners SET attempt = attempt - 1, mark = ?, stalled = ? "
                "WHERE id = ? AND attempt = ? + 1 RETURNING id, attempt + 1",
                (before["mark"], before["stalled"], before["id"], before["attempt"]),
            ).fetchone()
            if undone is not None:
                connection.execute("DELETE FROM attempts WHERE runner = ? AND number = ?", undone)

    def remove_collection(self, collection: int) -> None:
        """Undo :meth:`add_collection`: Scrapyd never took the job."""
        with self._writing() as connection:
            runners = "SELECT id FROM runners WHERE collection = ?"
            for (runner,) in connection.execute(runners, (collection,)).fetchall():
                self._settle(connection, runner, 0, is_over=True)
            connection.execute(f"DELETE FROM attempts WHERE runner IN ({runners})", (collection,))
            connection.execute("DELETE FROM runners WHERE collection = ?", (collection,))
            connection.execute("DELETE FROM collections WHERE id = ?", (collection,))

    def _there(self, runner: int) -> Row:
        found = self.runner(runner)
        assert found is not None
        return found

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
        return counted["total"], self._all(page, values)

    def open_runners(self) -> list[Row]:
        """Runners that have not ended, and cancelled ones whose job may still be alive."""
        query = f"{_RUNNERS} WHERE stage IN ('queued', 'scraping') OR stopping IS NOT NULL"
        return self._all(query)

    def waiting_since(self) -> str | None:
        """When the job that has waited longest was scheduled; None where none waits."""
        found = self._one(
            "SELECT min(since) AS since FROM ("
            "SELECT attempts.created_at AS since FROM runners "
            "JOIN attempts ON attempts.runner = runners.id AND number = attempt "
            "WHERE (stage IN ('queued', 'scraping') OR stopping IS NOT NULL) AND stage = 'queued' "
            "UNION ALL SELECT updated_at FROM sessions "
            "WHERE status IN ('pending', 'in-progress') AND status = 'pending')",
            (),
        )
        assert found is not None
        since: str | None = found["since"]
        return since

    def ended_runners(self, before: str) -> list[Row]:
        """Runners that had ended by a moment (UTC, ISO 8601 with Z), their jobs gone."""
        query = f"{_RUNNERS} WHERE finished_at < ? AND stage IN ('done', 'failed') "
        return self._all(f"{query} AND stopping IS NULL", (before,))

    def start(self, runner: int, started_at: str) -> bool:
        """Move from queued to scraping."""
        return self._moved(
            "UPDATE runners SET stage = 'scraping', started_at = ? "
            "WHERE id = ? AND stage = 'queued' RETURNING id",
            (started_at, runner),
        )

    def end(self, runner: int, stage: str, **values: Any) -> bool:
        """Move to ``done`` or ``failed``; False where another was first: an end never changes.

        The rows kept are charged and notices written in the same transaction; what is left of the
        reserve is given back, by :meth:`see_out` where the runner is still ``stopping``.
        """
        ended = {"finished_at": utc_now(), "missing_since": None} | values | {"stage": stage}
        assignments = ", ".join(f"{column} = :{column}" for column in ended)
        with self._writing() as connection:
            moved = connection.execute(
                f"UPDATE runners SET {assignments} WHERE id = :id "
                "AND stage IN ('queued', 'scraping') RETURNING asin_count, stopping",
                ended | {"id": runner},
            ).fetchone()
            if moved is not None:
                kept, stopping = moved
                self._settle(connection, runner, kept, is_over=stopping is None)
                self._add_notices(connection, runner)
        return moved is not None

    def see_out(self, runner: int, before: str, kept: int) -> bool:
        """Note that a cancelled job is gone, and charge what it wrote until then."""
        with self._writing() as connection:
            gone = connection.execute(
                "UPDATE runners SET stopping = NULL, asin_count = ? "
                "WHERE id = ? AND stopping = ? RETURNING id",
                (kept, runner, before),
            ).fetchone()
            if gone is not None:
                self._settle(connection, runner, kept, is_over=True)
        return gone is not None

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
