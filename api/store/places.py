"""Places of queued runs: which have a job, and which are held back until their user's turn.

A user has a place for another job while fewer of the user's runs than ``running`` have one, while
fewer than ``jobs_in_queue`` of them wait at its priority, and while some of today's products are
left. So each user has a few jobs in the queue at a time, and they take turns there.
"""

import json
from dataclasses import dataclass, replace
from sqlite3 import Connection

from api.priorities import place_of_priority
from api.sentences import few_products_today
from api.store.database import SQLiteFile
from api.store.limits import HAS_JOB, Policy, UserLimits
from api.store.reading import columns_of, reader_of
from api.store.records import Collection, Runner
from api.store.word import Word
from category_crawler.times import utc_now


class Hold(Word):
    """Why a run is held back."""

    RUNNING = "running_limit"
    """As many of its user's runs as may have a job."""
    PRODUCTS = "products_a_day"
    """Today's products are charged, or set aside for other runs."""
    TURN = "turn"
    """Earlier runs of its user wait in the queue."""


@dataclass(frozen=True, slots=True)
class Given:
    """A run that has been given a place."""

    before: Runner
    runner: Runner


_HELD = (
    f"SELECT {columns_of(Runner, 'runners')}, {columns_of(Collection, 'collections')} "
    "FROM runners JOIN collections ON collections.id = runners.collection "
    "WHERE owner = ? AND is_held ORDER BY runners.priority DESC, runners.id LIMIT 1"
)
_AS_RUNNER = reader_of(Runner)


class Places:
    """Gives places to runs. Of several processes, one gives a run its place."""

    def __init__(self, file: SQLiteFile, limits: UserLimits, policy: Policy) -> None:
        self._file = file
        self._limits = limits
        self._policy = policy

    def users_waiting(self) -> list[int]:
        """Users with runs that are held back."""
        return [
            user for (user,) in self._file.rows("SELECT DISTINCT owner FROM runners WHERE is_held")
        ]

    def why_held(self, runner: Runner) -> Hold:
        """Why a run that is held back is so, as far as can be seen now."""
        return self._judged(runner)[0] or Hold.TURN

    def give_next(self, user: int) -> Given | None:
        """Give a place to the user's next run; None if none is held back, or there is no place.

        Who gets it has to push the run's job.
        """
        first = self._first(user)
        if first is None or self._judged(first)[0] is not None:
            return None
        with self._file.writing() as connection:
            first = self._first(user)
            runner = first and self.give(connection, first)
        return Given(first, runner) if first and runner else None

    def give(self, connection: Connection, runner: Runner) -> Runner | None:
        """Give a run that is held back its place, if there is one; the run as it is then.

        It sets products of today aside, or as many as are left, with a warning.
        """
        hold, left = self._judged(runner)
        if hold is not None:
            return None
        given = replace(self._funded(runner, left), is_held=False)
        self._write(connection, given, runner.reserved or 0)
        connection.execute(
            "UPDATE attempts SET created_at = ? WHERE runner = ? AND number = ?",
            (utc_now(), runner.id, runner.attempt),
        )
        return given

    def take_back(self, given: Given) -> None:
        """Undo :meth:`give_next`: Scrapyd never took the job."""
        with self._file.writing() as connection:
            is_open = connection.execute(
                f"SELECT 1 FROM runners WHERE id = ? AND attempt = ? AND stage = 'queued' "
                f"AND {HAS_JOB}",
                (given.before.id, given.before.attempt),
            ).fetchone()
            if is_open is not None:
                self._write(connection, given.before, given.runner.reserved or 0)

    def priority_of(self, user: int, asked: str) -> str:
        """The priority that counts of a user's run."""
        highest = self._limits.of(user).priority
        return highest if place_of_priority(asked) > place_of_priority(highest) else asked

    def _first(self, user: int) -> Runner | None:
        return self._file.one(_AS_RUNNER, _HELD, (user,))

    def _judged(self, runner: Runner) -> tuple[Hold | None, int | None]:
        """Why a run cannot have a place now, if it cannot; products left of today, if limited."""
        user = runner.collection.user
        limits, left = self._limits.of(user), None
        if limits.running and self._jobs(user, limits.running) >= limits.running:
            return Hold.RUNNING, None
        if limits.products_a_day:
            use = self._limits.use(user)
            left = limits.products_a_day - use.charged_today - use.set_aside
            if left < 1:
                return Hold.PRODUCTS, None
        if self._has_to_queue(runner):
            return Hold.TURN, None
        return None, left

    def _jobs(self, user: int, most: int) -> int:
        """How many runs of a user have a job, counted up to ``most``."""
        query = f"SELECT 1 FROM runners WHERE owner = ? AND {HAS_JOB} LIMIT ?"
        return len(self._file.rows(query, (user, most)))

    def _has_to_queue(self, runner: Runner) -> bool:
        """Whether others of the user's runs go first at the run's priority."""
        user, most = runner.collection.user, self._policy.jobs_in_queue
        earlier = self._file.rows(
            "SELECT 1 FROM runners WHERE owner = ? AND is_held AND "
            "(priority > ? OR (priority = ? AND id < ?)) LIMIT 1",
            (user, runner.priority, runner.priority, runner.id),
        )
        if earlier or not most:
            return bool(earlier)
        waiting = self._file.rows(
            f"SELECT 1 FROM runners WHERE owner = ? AND {HAS_JOB} AND stage = 'queued' "
            "AND priority >= ? LIMIT ?",
            (user, runner.priority, most),
        )
        return len(waiting) >= most

    def _funded(self, runner: Runner, left: int | None) -> Runner:
        """The run with what is set aside for it of today's products."""
        if left is None:
            return runner
        limit = runner.collection.request.max_products or self._policy.reserve
        wanted = max(1, limit - runner.carried) if runner.reserved is None else runner.reserved
        return replace(
            runner,
            reserved=min(wanted, left),
            is_limited_by_day=runner.reserved is None or left < wanted,
            warnings=[*runner.warnings, *few_products_today(left, wanted)],
        )

    def _write(self, connection: Connection, runner: Runner, frozen: int) -> None:
        connection.execute(
            "UPDATE runners SET is_held = ?, reserved = ?, is_limited_by_day = ?, warnings = ? "
            "WHERE id = ?",
            (
                *(runner.is_held, runner.reserved, runner.is_limited_by_day),
                *(json.dumps(runner.warnings), runner.id),
            ),
        )
        connection.execute(
            "UPDATE users SET frozen_credits = frozen_credits + ? WHERE id = ?",
            ((runner.reserved or 0) - frozen, runner.collection.user),
        )
