"""Alerts: the rules of collections, and the runs that are tried against them, each once."""

import uuid
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.notices import Notices
from api.store.reading import reader_of
from api.store.records import Alert, NoticeAbout, TriedAlert
from category_crawler.times import utc_in, utc_now

_AS_ALERT = reader_of(Alert)
_AS_TRIED = reader_of(TriedAlert)
_TRIED = "SELECT runner, found, tried_at FROM alerts"


class Alerts:
    """Rules by collection, and a row for each ended run that they apply to.

    Rules and findings are texts of JSON; see :mod:`api.alerts`.
    """

    def __init__(self, file: SQLiteFile, notices: Notices) -> None:
        self._file = file
        self._notices = notices

    def rules(self, collection: int) -> str | None:
        """The rules of a collection; None without any."""
        found = self._file.rows("SELECT rules FROM alert_rules WHERE collection = ?", (collection,))
        return next((str(rules) for (rules,) in found), None)

    def set_rules(self, collection: int, rules: str) -> None:
        """Put these rules in the place of a collection's earlier ones."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO alert_rules (collection, rules, updated_at) VALUES (?, ?, ?) "
                "ON CONFLICT (collection) DO UPDATE SET rules = excluded.rules, "
                "updated_at = excluded.updated_at",
                (collection, rules, utc_now()),
            )

    def remove_rules(self, collection: int) -> None:
        """Leave a collection without rules."""
        with self._file.writing() as connection:
            self.drop(connection, collection)

    def drop(self, connection: Connection, collection: int) -> None:
        """The same in a transaction."""
        connection.execute("DELETE FROM alert_rules WHERE collection = ?", (collection,))

    def add(self, connection: Connection, runner: int) -> None:
        """Have a runner that has just ended be tried against its collection's rules, if any."""
        now = utc_now()
        connection.execute(
            "INSERT INTO alerts (runner, rules, next_try_at, created_at) "
            "SELECT runners.id, rules, ?, ? FROM runners "
            "JOIN alert_rules ON alert_rules.collection = runners.collection WHERE runners.id = ?",
            (now, now, runner),
        )

    def claim(self, seconds: float) -> Alert | None:
        """The next run to try, for so many seconds this caller's alone."""
        now = utc_now()
        return self._file.one(
            _AS_ALERT,
            "UPDATE alerts SET claim = ?, claimed_until = ?, tries = tries + 1 "
            "WHERE runner = (SELECT runner FROM alerts WHERE tried_at IS NULL "
            "AND next_try_at <= ? AND (claimed_until IS NULL OR claimed_until <= ?) "
            "ORDER BY next_try_at, runner LIMIT 1) "
            "RETURNING runner, rules, tries, claim, created_at",
            (uuid.uuid4().hex, utc_in(seconds), now, now),
        )

    def settle(self, alert: Alert, found: str, *, is_told: bool) -> bool:
        """Record what was found for a claimed run, and its notices if it ``is_told``.

        One transaction, so that a run is told once. False without the claim.
        """
        with self._file.writing() as connection:
            moved = connection.execute(
                "UPDATE alerts SET found = ?, tried_at = ?, claim = NULL, claimed_until = NULL "
                "WHERE runner = ? AND claim = ? AND tried_at IS NULL RETURNING runner",
                (found, utc_now(), alert.runner, alert.claim),
            ).fetchone()
            if moved is not None and is_told:
                self._notices.add(connection, alert.runner, about=NoticeAbout.ALERT)
        return moved is not None

    def postpone(self, alert: Alert, seconds: float) -> bool:
        """Let a claimed run be tried again in so many seconds; False without the claim."""
        return self._file.moved(
            "UPDATE alerts SET next_try_at = ?, claim = NULL, claimed_until = NULL "
            "WHERE runner = ? AND claim = ? AND tried_at IS NULL RETURNING runner",
            (utc_in(seconds), alert.runner, alert.claim),
        )

    def tried(self, runner: int) -> TriedAlert | None:
        """What was found for a runner; None if it has not been tried."""
        query = f"{_TRIED} WHERE runner = ? AND tried_at IS NOT NULL"
        return self._file.one(_AS_TRIED, query, (runner,))

    def last_tried(self, collection: int) -> TriedAlert | None:
        """What was found for the newest run of a collection that has been tried."""
        query = (
            f"{_TRIED} WHERE tried_at IS NOT NULL "
            "AND runner IN (SELECT id FROM runners WHERE collection = ?) "
            "ORDER BY runner DESC LIMIT 1"
        )
        return self._file.one(_AS_TRIED, query, (collection,))

    def overdue(self, seconds: float) -> tuple[int, str | None]:
        """How many runs have been due for so long and not tried, and since when the oldest."""
        late = utc_in(-seconds)
        ((number, since),) = self._file.rows(
            "SELECT count(*), min(next_try_at) FROM alerts WHERE tried_at IS NULL "
            "AND next_try_at <= ? AND (claimed_until IS NULL OR claimed_until <= ?)",
            (late, late),
        )
        return number, since
