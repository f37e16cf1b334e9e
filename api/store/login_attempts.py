"""Failed logins: how long the next try has to wait."""

from collections.abc import Mapping
from math import ceil
from sqlite3 import Connection

from api.store.database import SQLiteFile
from category_crawler.times import seconds_since, utc_in, utc_now

FORGOTTEN_AFTER = 3600
"""Seconds after which failures count no longer."""
FIRST_WAIT, LONGEST_WAIT = 8, 900
"""Seconds."""


class LoginAttempts:
    """Failure counts in the database: shared by processes, kept across restarts."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def admit(self, subjects: Mapping[str, int]) -> int:
        """Seconds to wait before this login; if 0, it counts as failed until :meth:`forgive`.

        ``subjects`` maps each hash to its free failures; each further one doubles the wait. Counted
        before the password is checked, so that concurrent logins count too.
        """
        with self._file.writing() as connection:
            connection.execute(
                "DELETE FROM login_attempts WHERE last_at < ?", (utc_in(-FORGOTTEN_AFTER),)
            )
            waits = [_wait(connection, subject, free) for subject, free in subjects.items()]
            if max(waits) > 0:
                return max(waits)
            for subject in subjects:
                connection.execute(
                    "INSERT INTO login_attempts (subject, failures, last_at) VALUES (?, 1, ?) "
                    "ON CONFLICT DO UPDATE SET failures = failures + 1, last_at = excluded.last_at",
                    (subject, utc_now()),
                )
        return 0

    def forgive(self, forgotten: str, *lessened: str) -> None:
        """After a successful login, clear one subject's failures and remove one of each other's."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM login_attempts WHERE subject = ?", (forgotten,))
            for subject in lessened:
                connection.execute(
                    "UPDATE login_attempts SET failures = failures - 1 "
                    "WHERE subject = ? AND failures > 0",
                    (subject,),
                )


def _wait(connection: Connection, subject: str, free: int) -> int:
    row = connection.execute(
        "SELECT failures, last_at FROM login_attempts WHERE subject = ?", (subject,)
    ).fetchone()
    if row is None or row[0] < free:
        return 0
    wait: int = min(FIRST_WAIT * 2 ** min(row[0] - free, 30), LONGEST_WAIT)
    return max(0, ceil(wait - seconds_since(row[1])))
