"""Delivery sessions, and the users who have them."""

import json
import sqlite3
from collections.abc import Callable
from typing import Unpack

from api.store.audit import about
from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of
from api.store.records import DeliverySession, SessionStatus, SessionValues, Zipcode
from category_crawler.delivery.suburb import is_same_suburb
from category_crawler.domain_config import DOMAINS
from category_crawler.times import utc_now

_ZIPCODES = (
    f"SELECT {columns_of(Zipcode, 'zipcodes')}, {columns_of(DeliverySession, 'sessions')} "
    "FROM zipcodes JOIN sessions ON sessions.id = zipcodes.session"
)
_SESSIONS = f"SELECT {columns_of(DeliverySession, 'sessions')} FROM sessions"
_AS_SESSION = reader_of(DeliverySession)
_AS_ZIPCODE = reader_of(Zipcode)


class SuburbTaken(Exception):
    """Raised if a session is for another suburb than the one asked for."""

    def __init__(self, session: DeliverySession) -> None:
        super().__init__(session)
        self.session = session


class DeliverySessions:
    """One session per domain and postcode; a zipcode is a user's wish for one."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def add_zipcode(
        self,
        user: int,
        domain: str,
        postcode: str,
        suburb: str | None,
        has_file: Callable[[], bool],
    ) -> tuple[Zipcode, bool]:
        """A user's record of a session, and whether the session's job has to be started.

        ``has_file`` is asked while no session can be forgotten. Raises ValueError where the user
        has one already, SuburbTaken where the session is, or is being made, for another suburb.
        """
        try:
            with self._file.writing() as connection:
                about(f"session {domain} {postcode}")
                _check_suburb(connection, user, domain, postcode, suburb)
                session, starts = _wanted_session(connection, domain, postcode, suburb, has_file())
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
        found = self.zipcode(zipcode)
        if found is not None:
            said = "Scrapyd was away: refresh-zipcode tries again"
            self.move(found.session, SessionStatus.FAILED, failed_message=said)
            self.remove_zipcode(zipcode)

    def zipcode(self, zipcode: int) -> Zipcode | None:
        """The record with this number."""
        return self._file.one(_AS_ZIPCODE, f"{_ZIPCODES} WHERE zipcodes.id = ?", (zipcode,))

    def own_zipcode(self, user: int, zipcode: int) -> Zipcode | None:
        """A user's own record."""
        return self._file.one(
            _AS_ZIPCODE, f"{_ZIPCODES} WHERE zipcodes.id = ? AND user = ?", (zipcode, user)
        )

    def zipcodes(self, user: int, domain: str | None = None) -> list[Zipcode]:
        """A user's records, oldest first."""
        where = "WHERE user = :user AND (:domain IS NULL OR domain = :domain) ORDER BY zipcodes.id"
        return self._file.all(_AS_ZIPCODE, f"{_ZIPCODES} {where}", {"user": user, "domain": domain})

    def remove_zipcode(self, zipcode: int) -> DeliverySession | None:
        """Remove a user's record; return its session if no other user has it."""
        with self._file.writing() as connection:
            gone = connection.execute(
                "DELETE FROM zipcodes WHERE id = ? RETURNING session", (zipcode,)
            ).fetchone()
            if gone is None:
                return None
            unwanted = connection.execute(
                "UPDATE sessions SET unwanted_since = ? WHERE id = ? "
                "AND NOT EXISTS (SELECT 1 FROM zipcodes WHERE session = sessions.id) RETURNING id",
                (utc_now(), *gone),
            ).fetchone()
        if unwanted is None:
            return None
        return self._file.one(_AS_SESSION, f"{_SESSIONS} WHERE id = ?", unwanted)

    def by_status(self) -> dict[SessionStatus, int]:
        """How many sessions have each status."""
        found = self._file.rows("SELECT status, count(*) FROM sessions GROUP BY status")
        known = {SessionStatus(status): number for status, number in found}
        return dict.fromkeys(SessionStatus, 0) | known

    def unwanted(self) -> list[DeliverySession]:
        """Sessions that no user has and no job makes."""
        query = f"{_SESSIONS} WHERE unwanted_since IS NOT NULL "
        return self._file.all(_AS_SESSION, f"{query} AND status NOT IN ('pending', 'in-progress')")

    def forget(self, session: DeliverySession, remove: Callable[[], bool]) -> bool:
        """Remove a session that no user has and no open run needs; whether it was removed.

        ``remove`` takes its cookies away, and says whether it could. It is called while no run
        can be added that would need them.
        """
        with self._file.writing() as connection:
            found = connection.execute(
                "SELECT domain, postcode FROM sessions WHERE id = ? "
                "AND unwanted_since IS NOT NULL AND status NOT IN ('pending', 'in-progress')",
                (session.id,),
            ).fetchone()
            if found is None or _is_needed(connection, *found) or not remove():
                return False
            connection.execute("DELETE FROM sessions WHERE id = ?", (session.id,))
        return True

    def of(self, domain: str, postcode: str) -> DeliverySession | None:
        """The session of a domain and a postcode."""
        return self._file.one(
            _AS_SESSION,
            f"{_SESSIONS} WHERE domain = ? AND postcode = ?",
            (domain, postcode),
        )

    def all(self) -> list[DeliverySession]:
        """Every session, also those that no user has."""
        return self._file.all(_AS_SESSION, f"{_SESSIONS} ORDER BY id")

    def users_of(self, session: int) -> list[str]:
        """E-mail addresses of the users who have a session."""
        found = self._file.rows(
            "SELECT email FROM zipcodes JOIN users ON users.id = user WHERE session = ? "
            "ORDER BY email",
            (session,),
        )
        return [email for (email,) in found]

    def add_expired(self, domain: str, postcode: str, said: str, version: str) -> None:
        """Remember that a session which no user has is expired; one that is known stays."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO sessions (domain, postcode, status, failed_message, bad_version, "
                "attempt, created_at, updated_at) VALUES (?, ?, 'inactive', ?, ?, 0, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (domain, postcode, said, version, utc_now(), utc_now()),
            )

    def open(self) -> list[DeliverySession]:
        """Sessions that are being made."""
        query = f"{_SESSIONS} WHERE status IN ('pending', 'in-progress')"
        return self._file.all(_AS_SESSION, query)

    def restart(self, session: int) -> bool:
        """Move to ``pending`` for a new attempt; False while it is being made."""
        return self._file.moved(
            "UPDATE sessions SET status = 'pending', attempt = attempt + 1, missing_since = NULL, "
            "failed_message = NULL, updated_at = ? "
            "WHERE id = ? AND status IN ('active', 'failed', 'inactive') RETURNING id",
            (utc_now(), session),
        )

    def move(
        self, session: DeliverySession, status: SessionStatus, **values: Unpack[SessionValues]
    ) -> bool:
        """Move a session on from where the record says it is; False where it is not there."""
        moved = {**values, "status": status, "updated_at": utc_now(), "missing_since": None}
        assignments = ", ".join(f"{column} = :{column}" for column in moved)
        asked = {"id": session.id, "was": session.status, "attempt": session.attempt}
        return self._file.moved(
            f"UPDATE sessions SET {assignments} "
            "WHERE id = :id AND status = :was AND attempt = :attempt RETURNING id",
            moved | asked,
        )

    def note_suburbs(self, session: int, suburbs: list[str]) -> None:
        """Note which suburbs the shop offered for a session's postcode."""
        self._file.moved(
            "UPDATE sessions SET suburbs = ? WHERE id = ? RETURNING id",
            (json.dumps(suburbs), session),
        )

    def move_to(self, zipcode: Zipcode, suburb: str) -> bool:
        """Move a session to ``pending`` for another suburb; False while it is being made.

        Raises SuburbTaken if another user has it, or a run that has not ended needs it.
        """
        session = zipcode.session
        with self._file.writing() as connection:
            others = connection.execute(
                "SELECT id FROM zipcodes WHERE session = ? AND id != ?", (session.id, zipcode.id)
            ).fetchone()
            if others or _is_needed(connection, session.domain, session.postcode):
                raise SuburbTaken(session)
            moved = connection.execute(
                "UPDATE sessions SET status = 'pending', attempt = attempt + 1, suburb = ?, "
                "missing_since = NULL, failed_message = NULL, updated_at = ? "
                "WHERE id = ? AND status IN ('active', 'failed', 'inactive') RETURNING id",
                (suburb, utc_now(), session.id),
            ).fetchone()
        return moved is not None

    def set_missing(self, session: int, since: str | None) -> None:
        """Note since when Scrapyd does not know the session's job; None once it does."""
        self._file.moved(
            "UPDATE sessions SET missing_since = ? WHERE id = ? RETURNING id", (since, session)
        )


def _check_suburb(
    connection: sqlite3.Connection, user: int, domain: str, postcode: str, suburb: str | None
) -> None:
    """Raise SuburbTaken if others have the session, or wait for it, for another suburb."""
    if suburb is None:
        return
    row = connection.execute(
        f"{_SESSIONS} WHERE domain = ? AND postcode = ? AND unwanted_since IS NULL "
        "AND status IN ('pending', 'in-progress', 'active') "
        "AND NOT EXISTS (SELECT 1 FROM zipcodes WHERE session = sessions.id AND user = ?)",
        (domain, postcode, user),
    ).fetchone()
    if row is None:
        return
    session = _AS_SESSION(row)
    if session.suburb is None and session.status is SessionStatus.ACTIVE:
        return  # the operator brought it in, and its suburb is not known
    if not is_same_suburb(session.suburb or "", suburb):
        raise SuburbTaken(session)


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
        "missing_since = NULL, failed_message = NULL, updated_at = ?, unwanted_since = NULL "
        # The job of a session that no user has is being cancelled.
        "WHERE domain = ? AND postcode = ? AND (status IN ('failed', 'inactive') OR "
        "(status IN ('pending', 'in-progress') AND unwanted_since IS NOT NULL)) RETURNING id",
        (suburb, utc_now(), domain, postcode),
    ).fetchone()
    if started is not None:
        return started[0], True
    there = connection.execute(
        "UPDATE sessions SET unwanted_since = NULL WHERE domain = ? AND postcode = ? RETURNING id",
        (domain, postcode),
    ).fetchone()
    return there[0], False


def _is_needed(connection: sqlite3.Connection, domain: str, postcode: str) -> bool:
    """Whether a run that has not ended goes with a session."""
    shop = DOMAINS[domain]
    runs = connection.execute(
        "SELECT stage, json_extract(request, '$.domain'), json_extract(request, '$.postcode') "
        "FROM runners JOIN collections ON collections.id = collection "
        # As the index has it.
        "WHERE stage IN ('queued', 'scraping') OR is_stopping"
    )
    return any(
        stage in ("queued", "scraping") and of == domain and shop.postcode(str(code)) == postcode
        for stage, of, code in runs
    )
