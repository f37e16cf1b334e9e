"""Idempotency keys: a request that is sent again under its key gets the first one's answer."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import Values
from api.store.records import Runner
from category_crawler.times import utc_in, utc_now

KEPT_SECONDS = 86_400
"""How long a key stands for its request."""
_TURNS = 64
"""More than there are requests at a time, so that strangers seldom wait for each other."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is done once, however often it is sent."""

    user: int
    key: str
    fingerprint: str
    """A hash of the call and its body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request that has started a runner."""

    collection: int
    runner: int
    warnings: list[str]

    @classmethod
    def about(cls, runner: Runner) -> "Answer":
        """The answer about a runner that has just been recorded."""
        collection = runner.collection
        return cls(collection.id, runner.id, collection.warnings + runner.warnings)


class AlreadyDone(Exception):
    """Raised if the request has been done; ``answer`` is what was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class KeyTaken(Exception):
    """Raised if a key stands for another request."""


class IdempotencyKeys:
    """A row for each key of a user, written in the transaction that records its runner."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file
        self._turns = [threading.Lock() for _ in range(_TURNS)]

    def do(self, once: Once | None, work: Callable[[], Answer]) -> Answer:
        """The answer to a request: the known one, or that of ``work``.

        Nobody else of this process does the same request meanwhile: until Scrapyd has taken the
        job, the runner may still be removed, and the key with it. Raises KeyTaken.
        """
        if once is None:
            return work()
        with self._turns[hash((once.user, once.key)) % _TURNS]:
            try:
                return _answer_in(self._file.rows(*_look_up(once)), once) or work()
            except AlreadyDone as done:
                return done.answer

    def check(self, once: Once | None) -> None:
        """Raise KeyTaken if the key stands for another request."""
        if once is not None:
            _answer_in(self._file.rows(*_look_up(once)), once)

    def recall(self, connection: Connection, once: Once | None) -> None:
        """Raise AlreadyDone or KeyTaken if another process has done the request meanwhile."""
        if once is None:
            return
        answer = _answer_in(connection.execute(*_look_up(once)).fetchall(), once)
        if answer is not None:
            raise AlreadyDone(answer)

    def remember(self, connection: Connection, once: Once | None, runner: Runner) -> None:
        """Record what is answered to a request."""
        if once is not None:
            _forget_old(connection)
            warnings = json.dumps(Answer.about(runner).warnings)
            connection.execute(
                "INSERT INTO idempotency_keys (user, key, fingerprint, runner, warnings, "
                "created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (once.user, once.key, once.fingerprint, runner.id, warnings, utc_now()),
            )

    def release(self, connection: Connection, runner: int) -> None:
        """Remove the key of a runner that is removed: the request has failed."""
        connection.execute("DELETE FROM idempotency_keys WHERE runner = ?", (runner,))

    def forget_old(self) -> None:
        """Remove keys that do not stand for their requests any more."""
        with self._file.writing() as connection:
            _forget_old(connection)


def _look_up(once: Once) -> tuple[str, Values]:
    return (
        "SELECT fingerprint, collection, runner, idempotency_keys.warnings FROM idempotency_keys "
        "JOIN runners ON runners.id = runner WHERE user = ? AND key = ? "
        "AND idempotency_keys.created_at >= ?",
        (once.user, once.key, utc_in(-KEPT_SECONDS)),
    )


def _answer_in(rows: list[Values], once: Once) -> Answer | None:
    for fingerprint, collection, runner, warnings in rows:
        if fingerprint != once.fingerprint:
            raise KeyTaken
        return Answer(collection, runner, json.loads(warnings))
    return None


def _forget_old(connection: Connection) -> None:
    connection.execute(
        "DELETE FROM idempotency_keys WHERE created_at < ?", (utc_in(-KEPT_SECONDS),)
    )
