"""SQLite: everything the API keeps, behind one object.

:mod:`.database` opens the file, :mod:`.tables` says what is in it, :mod:`.records` what comes out,
and each other module holds what is done with one noun. Every move of a stage is one statement or
one transaction.
"""

from pathlib import Path

from sqlite_utils import Database

from api.store.alerts import Alerts
from api.store.audit import Audit
from api.store.credits import NotEnoughCredits, UserCredits
from api.store.database import (
    SQLiteFile,
    StoreError,
    StoreTooNew,
    StoreUnusable,
    is_damaged,
)
from api.store.exports import Exports
from api.store.idempotency import IdempotencyKeys
from api.store.limits import Policy, UserLimits
from api.store.login_attempts import LoginAttempts
from api.store.notices import Notices
from api.store.places import Places
from api.store.removals import Removals
from api.store.retention import RetentionRules
from api.store.runners import Runners
from api.store.schedules import Schedules
from api.store.sessions import DeliverySessions
from api.store.sign_in_links import SignInLinks
from api.store.snapshot import last_numbers, schema_of, write_snapshot
from api.store.totals import RunTotals
from api.store.users import Users

__all__ = [
    "NotEnoughCredits",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreUnusable",
    "is_damaged",
]


_NO_LIMITS = Policy()


class Store:
    """The repositories of one database file.

    ``exporting`` has the files of runs that end be copied elsewhere; ``policy`` says what users may
    have at once.
    """

    def __init__(self, path: Path, *, exporting: bool = False, policy: Policy = _NO_LIMITS) -> None:
        self._file = SQLiteFile(path)
        self.audit = Audit(self._file)
        self.users = Users(self._file)
        self.logins = LoginAttempts(self._file)
        self.links = SignInLinks(self._file)
        self.credits = UserCredits(self._file)
        self.limits = UserLimits(self._file, policy.limits)
        self.places = Places(self._file, self.limits, policy)
        self.totals = RunTotals(self._file)
        self.notices = Notices(self._file, self.totals)
        self.keys = IdempotencyKeys(self._file)
        self.schedules = Schedules(self._file)
        self.alerts = Alerts(self._file, self.notices)
        self.exports = Exports(self._file, is_on=exporting)
        self.removals = Removals(self._file)
        self.retention = RetentionRules(self._file)
        self.runners = Runners(
            self._file,
            self.credits,
            self.notices,
            self.keys,
            self.schedules,
            self.alerts,
            self.exports,
            self.removals,
            self.totals,
            self.places,
            self.retention,
        )
        self.sessions = DeliverySessions(self._file)

    def copy_to(self, path: Path) -> None:
        """Copy the database as it is now to a new file; see :func:`.snapshot.write_snapshot`."""
        write_snapshot(self._file, path)

    @property
    def schema(self) -> list[str]:
        """The migrations that were applied, in their order."""
        return schema_of(self._file)

    @property
    def last_numbers(self) -> dict[str, int]:
        """The last numbers that were given, by table; see :func:`.snapshot.last_numbers`."""
        return last_numbers(self._file)

    @property
    def db(self) -> Database:
        """This thread's connection."""
        return self._file.db

    def close(self) -> None:
        """Close this thread's connection; see :meth:`.database.SQLiteFile.close`."""
        self._file.close()
