"""The audit trail: who did what, when, to which thing and from where; never a secret.

Whoever carries out a deed says so with :meth:`Audit.acting`. The first transaction of the deed then
writes the row, and the end of the deed notes how it ended: a row without an end is a deed that a
kill has cut off. A deed that changes nothing leaves no row.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from sqlite3 import Connection

from api.store.database import SQLiteFile, StoreError
from api.store.reading import columns_of, reader_of
from api.store.word import Word
from category_crawler.times import utc_now

logger = logging.getLogger(__name__)

DONE = "done"


class Origin(Word):
    """Where a deed comes from."""

    API = "api"
    PAGE = "page"
    COMMAND = "command"


class What(Word):
    """What users and operators do that changes something."""

    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    CREATE_USER = "create user"
    DISABLE_USER = "disable user"
    ENABLE_USER = "enable user"
    DELETE_USER = "delete user"
    SET_ACTIVE = "disable or enable user"
    SET_ROLE = "set role"
    SET_LIMITS = "set limits"
    GRANT_CREDITS = "grant credits"
    MAKE_KEY = "make key"
    MAKE_LINK = "make sign-in link"
    SET_PASSWORD = "set password"  # noqa: S105 - the name of a deed
    CHANGE_SETTINGS = "change settings"
    ADD_RUN = "add run"
    RERUN = "run again"
    RESUME_RUN = "resume run"
    CANCEL_RUN = "cancel run"
    RENAME_COLLECTION = "rename collection"
    DELETE_COLLECTION = "delete collection"
    SET_SCHEDULE = "set schedule"
    PAUSE_SCHEDULE = "pause schedule"
    RESUME_SCHEDULE = "resume schedule"
    DELETE_SCHEDULE = "delete schedule"
    SET_ALERTS = "set alerts"
    MAKE_SESSION = "make session"
    RENEW_SESSION = "renew session"
    CHECK_SESSION = "check session"
    DELETE_SESSION = "delete session"
    DRAIN_NODE = "drain node"
    RESUME_NODE = "resume node"
    SET_RETENTION = "set how long results are kept"
    PRUNE = "prune"
    BACK_UP = "back up"


_ALWAYS = frozenset({What.DRAIN_NODE, What.RESUME_NODE, What.BACK_UP})
"""Deeds that are recorded although the database may not have changed."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who carries out a deed."""

    user: int | None
    """A user's number; None for the operator's command line, and for who is not known."""
    name: str
    """The user's e-mail address, or the account of the operating system."""


NOBODY = Who(None, "not known")


@dataclass(slots=True)
class Act:
    """A deed that is being carried out."""

    what: What
    origin: Origin
    who: Callable[[], Who]
    address: str = ""
    """The client's."""
    thing: str = ""
    detail: str = ""
    """What else was asked for; kept only of a deed that was done."""
    number: int | None = field(default=None, init=False)
    """That of its row."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A row of the trail."""

    id: int
    at: str
    user: int | None
    who: str
    origin: Origin
    address: str
    what: str
    thing: str
    detail: str
    outcome: str | None
    """``done``, or ``refused`` and a code; None if it was cut off."""


_CURRENT: ContextVar[Act | None] = ContextVar("act", default=None)
_AS_DEED = reader_of(Deed)
_DEEDS = f"SELECT {columns_of(Deed, 'audit')} FROM audit"


def about(thing: str) -> None:
    """Say what the deed that is being carried out is about; nothing without one."""
    if (act := _CURRENT.get()) is not None:
        act.thing = thing


def by(who: Who) -> None:
    """Say who carries out the deed, once that is known."""
    if (act := _CURRENT.get()) is not None:
        act.who = lambda: who


class Audit:
    """The trail in the database."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file
        file.before_commit = _begin

    @contextmanager
    def acting(self, act: Act) -> Iterator[None]:
        """Record a deed while it is carried out; an exception means that it was refused."""
        before = _CURRENT.set(act)
        try:
            yield
        except BaseException:
            self.end(act, "refused")
            raise
        else:
            self.end(act, DONE)
        finally:
            _CURRENT.reset(before)

    def begin(self, act: Act) -> None:
        """Begin a deed that :meth:`end` and :meth:`leave` end in another function."""
        _CURRENT.set(act)

    def leave(self) -> None:
        """Whatever is done from now on belongs to no deed."""
        _CURRENT.set(None)

    def end(self, act: Act, outcome: str, *, always: bool = False) -> None:
        """Note how a deed ended. An error of the database is logged: the deed is done."""
        if act.number is None and not always and act.what not in _ALWAYS:
            return
        if outcome != DONE:
            act.detail = ""
        try:
            with self._file.writing() as connection:
                _begin(connection)
                _end(connection, act, outcome)
        except StoreError as error:
            logger.error("The end of “%s” could not be recorded: %s", act.what, error)

    def latest(
        self, limit: int, *, before: int = 2**62, who: str | None = None, since: str = ""
    ) -> list[Deed]:
        """Deeds with numbers below ``before``, newest first; of one user, since a moment."""
        asked = "id < ? AND at >= ?" + ("" if who is None else " AND who = ? COLLATE NOCASE")
        values = (before, since, *(() if who is None else (who,)), limit)
        return self._file.all(_AS_DEED, f"{_DEEDS} WHERE {asked} ORDER BY id DESC LIMIT ?", values)

    def forget(self, before: str) -> None:
        """Remove what was done before a moment (UTC, ISO 8601 with Z)."""
        if self._file.rows("SELECT 1 FROM audit WHERE at < ? LIMIT 1", (before,)):
            with self._file.writing() as connection:
                connection.execute("DELETE FROM audit WHERE at < ?", (before,))


def _begin(connection: Connection) -> None:
    """Write the row of the deed that is being carried out, unless it is there."""
    act = _CURRENT.get()
    if act is None or act.number is not None:
        return
    who = act.who()
    (act.number,) = connection.execute(
        "INSERT INTO audit (at, user, who, origin, address, what, thing, detail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, '') RETURNING id",
        (utc_now(), who.user, who.name, act.origin, act.address, act.what, act.thing),
    ).fetchone()


def _end(connection: Connection, act: Act, outcome: str) -> None:
    who = act.who()
    connection.execute(
        "UPDATE audit SET user = ?, who = ?, thing = ?, detail = ?, outcome = ? WHERE id = ?",
        (who.user, who.name, act.thing, act.detail, outcome, act.number),
    )
