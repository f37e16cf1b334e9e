"""Notices of ended runs and of alerts, each claimed before it is sent."""

import uuid
from collections.abc import Sequence
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import reader_of
from api.store.records import Notice, NoticeAbout, NoticeKind, NoticeStatus
from api.store.totals import RunTotals
from category_crawler.times import utc_in, utc_now

_GRACE = 60
"""Seconds for which a notice of a cancelled run waits for the last rows of its spider."""
_AS_NOTICE = reader_of(Notice)


class Notices:
    """A row for each mail and each call of a webhook."""

    def __init__(self, file: SQLiteFile, totals: RunTotals) -> None:
        self._file = file
        self._totals = totals

    def claim(
        self, seconds: float, kind: NoticeKind | None = None, full: Sequence[int] = ()
    ) -> Notice | None:
        """The next notice that is due, for so many seconds this caller's alone.

        It is one of the ``kind``, or of any, and of none of the users in ``full``.
        """
        due = {
            "claim": uuid.uuid4().hex,
            "until": utc_in(seconds),
            "now": utc_now(),
            "grace": utc_in(-_GRACE),
            "kind": kind,
        } | {f"full_{number}": user for number, user in enumerate(full)}
        marks = ", ".join(f":full_{number}" for number in range(len(full)))
        # A notice whose runner is gone has no user, and is given up.
        return self._file.one(
            _AS_NOTICE,
            "UPDATE notices SET claim = :claim, claimed_until = :until, tries = tries + 1 "
            "WHERE id = (SELECT notices.id FROM notices LEFT JOIN runners ON runners.id = runner "
            "LEFT JOIN collections ON collections.id = collection "
            "WHERE status = 'pending' AND next_try_at <= :now "
            "AND (:kind IS NULL OR kind = :kind) "
            "AND (claimed_until IS NULL OR claimed_until <= :now) "
            "AND (is_stopping IS NOT TRUE OR notices.created_at <= :grace) "
            f"AND coalesce(user, 0) NOT IN ({marks}) "
            "ORDER BY next_try_at, notices.id LIMIT 1) "
            "RETURNING id, event, runner, kind, target, tries, claim, created_at, about, "
            "coalesce((SELECT user FROM runners JOIN collections ON collections.id = collection "
            "WHERE runners.id = notices.runner), 0) AS user",
            due,
        )

    def overdue(self, seconds: float) -> tuple[int, str | None]:
        """How many notices have been due for so long and not tried, and since when the oldest.

        Users with a notice of the same kind that is being sent just now do not count: theirs may
        wait for each other.
        """
        ((number, since),) = self._file.rows(
            "SELECT count(*), min(next_try_at) FROM notices "
            "JOIN runners ON runners.id = runner JOIN collections ON collections.id = collection "
            "WHERE status = 'pending' AND next_try_at <= :late "
            "AND (claimed_until IS NULL OR claimed_until <= :late) AND (user, kind) NOT IN ("
            "SELECT user, kind FROM notices JOIN runners ON runners.id = runner "
            "JOIN collections ON collections.id = collection "
            "WHERE status = 'pending' AND next_try_at <= :now AND claimed_until > :now)",
            {"late": utc_in(-seconds), "now": utc_now()},
        )
        return number, since

    def is_told(self, runner: int, about: NoticeAbout) -> bool:
        """Whether a notice of a runner was sent, or is to be."""
        found = self._file.rows(
            "SELECT 1 FROM notices WHERE runner = ? AND about = ? "
            "AND status IN ('pending', 'sent') LIMIT 1",
            (runner, about),
        )
        return bool(found)

    def settle(self, notice: Notice, status: NoticeStatus, said: str | None) -> bool:
        """End a claimed notice; False without the claim."""
        with self._file.writing() as connection:
            settled = connection.execute(
                "UPDATE notices SET status = ?, said = ?, settled_at = ?, claim = NULL, "
                "claimed_until = NULL WHERE id = ? AND claim = ? RETURNING id",
                (status, said, utc_now(), notice.id, notice.claim),
            ).fetchone()
            if settled is not None:
                self._totals.add_notice(connection, notice.kind, status)
        return settled is not None

    def waiting(self) -> dict[NoticeKind, int]:
        """How many notices of each kind have not been sent yet."""
        found = self._file.rows(
            "SELECT kind, count(*) FROM notices WHERE status = 'pending' GROUP BY kind"
        )
        return dict.fromkeys(NoticeKind, 0) | {NoticeKind(kind): count for kind, count in found}

    def postpone(self, notice: Notice, seconds: float, said: str) -> bool:
        """Let a claimed notice be tried again in so many seconds; False without the claim."""
        return self._file.moved(
            "UPDATE notices SET next_try_at = ?, said = ?, claim = NULL, claimed_until = NULL "
            "WHERE id = ? AND claim = ? RETURNING id",
            (utc_in(seconds), said, notice.id, notice.claim),
        )

    def add(
        self,
        connection: Connection,
        runner: int,
        *,
        about: NoticeAbout = NoticeAbout.END,
        is_by_user: bool = False,
    ) -> None:
        """Add the notices of a runner that has ended; ``is_by_user`` if its user ended it.

        Then the user's ``mail_on_cancel`` decides whether a mail is one of them.
        """
        now = utc_now()
        connection.execute(
            "INSERT INTO notices (event, runner, kind, target, about, next_try_at, created_at) "
            "SELECT lower(hex(randomblob(16))), told.runner, kind, target, ?, ?, ? FROM ("
            "SELECT runners.id AS runner, 'mail' AS kind, "
            "coalesce(json_extract(request, '$.notification_email'), users.email) AS target "
            "FROM runners JOIN collections ON collections.id = collection "
            "JOIN users ON users.id = user WHERE mail_on_cancel OR NOT ? "
            "UNION ALL SELECT runners.id, 'webhook', json_extract(request, '$.webhook_url') "
            "FROM runners JOIN collections ON collections.id = collection"
            ") AS told WHERE told.runner = ? AND target IS NOT NULL",
            (about, now, now, is_by_user, runner),
        )
