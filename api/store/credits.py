"""Credits: one for each product kept; frozen while a run goes on, used once it has ended.

``available_credits`` is what was granted, NULL without limit. At every moment ``frozen_credits`` is
the sum over a user's open runners of what they have reserved and not been charged, so that
available − (used + frozen) can be spent and is never below zero.
"""

from dataclasses import dataclass
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import reader_of
from api.store.records import Credits
from category_crawler.times import utc_today


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has cost."""

    runner: int
    collection: int
    name: str
    """Of the collection."""
    charged: int
    """Credits paid for rows that were kept."""
    frozen: int
    """Credits reserved by a run that goes on."""
    created_at: str


_AS_CREDITS = reader_of(Credits)
_AS_SPENT = reader_of(Spent)


class NotEnoughCredits(Exception):
    """Raised if a user has no credit to spend."""


class UserCredits:
    """Credits of users."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def of(self, user: int) -> Credits:
        """The credits of a user."""
        found = self._file.one(
            _AS_CREDITS,
            "SELECT available_credits, used_credits, frozen_credits, "
            "available_credits - used_credits - frozen_credits AS spendable "
            "FROM users WHERE id = ?",
            (user,),
        )
        assert found is not None
        return found

    def spent(self, user: int, limit: int, skip: int = 0) -> list[Spent]:
        """What a user's runs have cost, or have frozen so far; the newest first."""
        return self._file.all(
            _AS_SPENT,
            "SELECT runners.id AS runner, collection, name, charged, "
            "CASE WHEN stage IN ('done', 'failed') THEN 0 ELSE coalesce(reserved - charged, 0) END "
            "AS frozen, runners.created_at AS created_at "
            "FROM collections JOIN runners ON runners.collection = collections.id "
            "WHERE user = ? ORDER BY runners.id DESC LIMIT ? OFFSET ?",
            (user, limit, skip),
        )

    def spent_on_deleted(self, user: int) -> int:
        """What the runs of collections have cost that a user has deleted since."""
        ((spent,),) = self._file.rows(
            "SELECT used_credits - (SELECT coalesce(sum(charged), 0) FROM collections "
            "JOIN runners ON runners.collection = collections.id WHERE user = users.id) "
            "FROM users WHERE id = ?",
            (user,),
        )
        return int(spent)

    def grant(self, user: int, number: int) -> None:
        """Grant credits, or with a number below zero take back what is neither used nor frozen.

        Who was without limit begins with what is used and frozen by now.
        """
        self._file.moved(
            "UPDATE users SET available_credits = max(used_credits + frozen_credits, "
            "coalesce(available_credits, used_credits + frozen_credits) + ?) "
            "WHERE id = ? RETURNING id",
            (number, user),
        )

    def grant_without_limit(self, user: int) -> None:
        """Remove a user's limit."""
        self._file.moved(
            "UPDATE users SET available_credits = NULL WHERE id = ? RETURNING id", (user,)
        )

    def reserve(self, connection: Connection, user: int, wanted: int) -> int | None:
        """Freeze up to ``wanted`` credits; how many, or None for a user without limit."""
        (spendable,) = connection.execute(
            "SELECT available_credits - used_credits - frozen_credits FROM users WHERE id = ?",
            (user,),
        ).fetchone()
        if spendable is None:
            return None
        if spendable < 1:
            raise NotEnoughCredits
        reserved: int = min(wanted, spendable)
        connection.execute(
            "UPDATE users SET frozen_credits = frozen_credits + ? WHERE id = ?", (reserved, user)
        )
        return reserved

    def settle(self, connection: Connection, runner: int, kept: int, *, is_over: bool) -> None:
        """Charge a runner for the rows kept; where it is over, give back what it did not need."""
        user, reserved, charged, carried = connection.execute(
            "SELECT user, reserved, charged, carried FROM runners "
            "JOIN collections ON collections.id = runners.collection WHERE runners.id = ?",
            (runner,),
        ).fetchone()
        own = max(0, kept - carried)
        due = max(0, (own if reserved is None else min(own, reserved)) - charged)
        thawed = 0 if reserved is None else reserved - charged if is_over else due
        # What began without limit stays so: a limit set meanwhile is not used up by it.
        granted = due if reserved is None else 0
        connection.execute(
            "UPDATE users SET used_credits = used_credits + ?1, "
            "frozen_credits = frozen_credits - ?2, "
            "available_credits = available_credits + ?3, "
            "charged_today = iif(charged_on = ?5, charged_today, 0) + ?1, charged_on = ?5 "
            "WHERE id = ?4",
            (due, thawed, granted, user, utc_today()),
        )
        connection.execute("UPDATE runners SET charged = charged + ? WHERE id = ?", (due, runner))
