"""Schedules: when a collection's further runs are due, and what became of those that were.

Times are UTC, ISO 8601 with Z.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of
from category_crawler.times import utc_now


@dataclass(frozen=True, slots=True)
class StoredRecurrence:
    """When runs are due, as a client wrote it; see :class:`api.runners.recurrence.Recurrence`."""

    timezone: str
    cron: str | None = None
    every: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of a collection; there is at most one."""

    collection: int
    user: int
    version: int
    """Counts its changes."""
    timezone: str
    cron: str | None
    every: str | None
    at: str | None
    is_paused: bool
    next_run_at: str | None
    """None while it is paused, and if no further run is ever due."""
    last_run_at: str | None
    """When the last run that was started was due."""
    skipped_runs: int
    """Runs that were due while another of the collection was open."""
    last_skipped_at: str | None
    not_started_at: str | None
    """When the last run was due, if it could not be started."""
    not_started_reason: str | None
    """The ``reason`` of an error, as of a run that failed."""
    not_started_message: str | None
    """The same in a sentence."""

    @property
    def recurrence(self) -> StoredRecurrence:
        """When its runs are due."""
        return StoredRecurrence(self.timezone, self.cron, self.every, self.at)


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule to store: when runs are due, and the first time that one is."""

    recurrence: StoredRecurrence
    next_run_at: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A run that is due by a schedule, and when the one after it is."""

    schedule: Schedule
    following: str | None


_SCHEDULES = f"SELECT {columns_of(Schedule, 'schedules')} FROM schedules"
_AS_SCHEDULE = reader_of(Schedule)
_WRITTEN = tuple(field.name for field in fields(StoredRecurrence))
_STARTED = (
    "last_run_at = next_run_at, not_started_at = NULL, not_started_reason = NULL, "
    "not_started_message = NULL"
)
_SKIPPED = "last_skipped_at = next_run_at, skipped_runs = skipped_runs + 1"
_NOT_STARTED = (
    "not_started_at = next_run_at, not_started_reason = :reason, not_started_message = :message"
)


class Schedules:
    """Schedules in the database. A run that is due is settled once, whoever else sees it."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def of(self, collection: int) -> Schedule | None:
        """The schedule of a collection."""
        return self.of_all([collection]).get(collection)

    def of_all(self, collections: Sequence[int]) -> dict[int, Schedule]:
        """The schedules of those collections that have one."""
        marks = ", ".join("?" * len(collections))
        query = f"{_SCHEDULES} WHERE collection IN ({marks})"
        found = self._file.all(_AS_SCHEDULE, query, tuple(collections))
        return {one.collection: one for one in found}

    def due(self, now: str, limit: int) -> list[Schedule]:
        """Schedules with a run that is due, those first whose run has been due longest."""
        query = f"{_SCHEDULES} WHERE next_run_at <= ? ORDER BY next_run_at LIMIT ?"
        return self._file.all(_AS_SCHEDULE, query, (now, limit))

    def put(self, user: int, collection: int, plan: Plan) -> None:
        """Give a collection a schedule, or change the one that it has; one that is paused stays so.

        What became of earlier runs stays.
        """
        with self._file.writing() as connection:
            self.add(connection, user, collection, plan)

    def add(self, connection: Connection, user: int, collection: int, plan: Plan) -> None:
        """The same in a transaction."""
        values = asdict(plan.recurrence) | {
            "collection": collection,
            "user": user,
            "next_run_at": plan.next_run_at,
            "now": utc_now(),
        }
        columns = ", ".join(_WRITTEN)
        marks = ", ".join(f":{name}" for name in _WRITTEN)
        changes = ", ".join(f"{name} = excluded.{name}" for name in _WRITTEN)
        connection.execute(
            f"INSERT INTO schedules (collection, user, next_run_at, created_at, {columns}) "
            f"VALUES (:collection, :user, :next_run_at, :now, {marks}) "
            f"ON CONFLICT (collection) DO UPDATE SET {changes}, version = version + 1, "
            "next_run_at = CASE WHEN is_paused THEN NULL ELSE excluded.next_run_at END",
            values,
        )

    def pause(self, collection: int) -> bool:
        """Let no further run be due; False without a schedule."""
        return self._file.moved(
            "UPDATE schedules SET is_paused = 1, next_run_at = NULL WHERE collection = ? "
            "RETURNING collection",
            (collection,),
        )

    def resume(self, collection: int, version: int, next_run_at: str | None) -> bool:
        """Let runs be due again from a time on; False if it was changed, or is not paused."""
        return self._file.moved(
            "UPDATE schedules SET is_paused = 0, next_run_at = ? "
            "WHERE collection = ? AND version = ? AND is_paused RETURNING collection",
            (next_run_at, collection, version),
        )

    def remove(self, collection: int) -> bool:
        """Remove the schedule of a collection; False without one."""
        with self._file.writing() as connection:
            return self.drop(connection, collection)

    def drop(self, connection: Connection, collection: int) -> bool:
        """The same in a transaction."""
        gone = connection.execute("DELETE FROM schedules WHERE collection = ?", (collection,))
        return gone.rowcount > 0

    def take(self, connection: Connection, due: Due) -> bool:
        """Record that a due run is started in this transaction; False if another settled it."""
        return _settle(connection, due, _STARTED)

    def skip(self, due: Due) -> bool:
        """Record that a due run is left out, as another is open; False if another settled it."""
        with self._file.writing() as connection:
            return _settle(connection, due, _SKIPPED)

    def fail(self, due: Due, reason: str, message: str) -> bool:
        """Record why a due run could not be started; False if another settled it."""
        with self._file.writing() as connection:
            return _settle(connection, due, _NOT_STARTED, reason=reason, message=message)


def _settle(connection: Connection, due: Due, changes: str, **values: str) -> bool:
    """Move a schedule on to its following time, if its run is still due; whether it was."""
    schedule = due.schedule
    given = {
        "following": due.following,
        "collection": schedule.collection,
        "version": schedule.version,
        "due": schedule.next_run_at,
    }
    moved = connection.execute(
        f"UPDATE schedules SET {changes}, next_run_at = :following "
        "WHERE collection = :collection AND version = :version AND next_run_at = :due",
        given | values,
    )
    return moved.rowcount > 0
