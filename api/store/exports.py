"""Copies of results that are made elsewhere, each claimed before it is made."""

import uuid
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of
from api.store.records import Copy, Export, ExportForm, ExportStatus, Outcome
from api.store.stage import Stage
from category_crawler.times import utc_in, utc_now

_AS_EXPORT = reader_of(Export)
_AS_COPY = reader_of(Copy)
_FORMS = {
    Stage.DONE: (ExportForm.JSON, ExportForm.PARQUET),
    # Such a run has no result file; its rows are a Parquet file all the same.
    Stage.FAILED: (ExportForm.PARQUET,),
}


class Exports:
    """A row for each file of an ended run, where results are exported (``is_on``)."""

    def __init__(self, file: SQLiteFile, *, is_on: bool) -> None:
        self._file = file
        self._is_on = is_on

    def add(self, connection: Connection, runner: int, outcome: Outcome) -> None:
        """Have the files of a runner that has just ended be copied."""
        now = utc_now()
        forms = _FORMS[outcome.stage] if self._is_on else ()
        connection.executemany(
            "INSERT INTO exports (runner, form, next_try_at, created_at) VALUES (?, ?, ?, ?)",
            [(runner, form, now, now) for form in forms],
        )

    def claim(self, seconds: float) -> Export | None:
        """The next copy to make, for so many seconds this caller's alone."""
        now = utc_now()
        # A cancelled spider may still write rows.
        return self._file.one(
            _AS_EXPORT,
            "UPDATE exports SET claim = ?, claimed_until = ?, tries = tries + 1 "
            "WHERE id = (SELECT exports.id FROM exports JOIN runners ON runners.id = runner "
            "WHERE status = 'pending' AND next_try_at <= ? "
            "AND (claimed_until IS NULL OR claimed_until <= ?) AND NOT is_stopping "
            "ORDER BY next_try_at, exports.id LIMIT 1) "
            "RETURNING id, runner, form, tries, claim",
            (uuid.uuid4().hex, utc_in(seconds), now, now),
        )

    def hold(self, export: Export, seconds: float) -> bool:
        """Keep a claim for so many seconds from now on; False without the claim."""
        return self._file.moved(
            "UPDATE exports SET claimed_until = ? WHERE id = ? AND claim = ? RETURNING id",
            (utc_in(seconds), export.id, export.claim),
        )

    def settle_stored(self, export: Export, url: str, size: int) -> bool:
        """Record where a claimed copy is, and its bytes; False without the claim."""
        return self._file.moved(
            "UPDATE exports SET status = 'stored', url = ?, bytes = ?, stored_at = ?, said = NULL, "
            "claim = NULL, claimed_until = NULL WHERE id = ? AND claim = ? RETURNING id",
            (url, size, utc_now(), export.id, export.claim),
        )

    def settle_without(self, export: Export, status: ExportStatus, said: str | None) -> bool:
        """Record that there is nothing to copy; False without the claim."""
        return self._file.moved(
            "UPDATE exports SET status = ?, said = ?, claim = NULL, claimed_until = NULL "
            "WHERE id = ? AND claim = ? RETURNING id",
            (status, said, export.id, export.claim),
        )

    def postpone(self, export: Export, seconds: float, said: str | None) -> bool:
        """Let a claimed copy be tried again in so many seconds; False without the claim."""
        return self._file.moved(
            "UPDATE exports SET next_try_at = ?, said = coalesce(?, said), claim = NULL, "
            "claimed_until = NULL WHERE id = ? AND claim = ? RETURNING id",
            (utc_in(seconds), said, export.id, export.claim),
        )

    def switch_off(self) -> None:
        """Give up the copies that are not made yet; where there are none, nothing is written."""
        if not self._file.rows("SELECT 1 FROM exports WHERE status = 'pending' LIMIT 1"):
            return
        with self._file.writing() as connection:
            connection.execute("UPDATE exports SET status = 'off' WHERE status = 'pending'")

    def of(self, runner: int) -> list[Copy]:
        """The copies of a runner's files, made or still to be made."""
        return self._file.all(
            _AS_COPY,
            f"SELECT {columns_of(Copy, 'exports')} FROM exports WHERE runner = ? ORDER BY form",
            (runner,),
        )

    def waiting(self) -> tuple[int, str | None]:
        """How many copies have not been made, and since when the oldest waits."""
        ((number, since),) = self._file.rows(
            "SELECT count(*), min(created_at) FROM exports WHERE status = 'pending'"
        )
        return number, since

    def late(self, seconds: float) -> tuple[int, str | None, str | None]:
        """How many copies have not been made for so long; since when the oldest, and why not."""
        ((number, since, said),) = self._file.rows(
            "SELECT count(*), min(created_at), said FROM exports "
            "WHERE status = 'pending' AND created_at <= ?",
            (utc_in(-seconds),),
        )
        return number, since, said
