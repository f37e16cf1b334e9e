"""SQLite: everything the API keeps, behind one class.

:mod:`.database` opens the file, :mod:`.tables` says what is in it, :mod:`.records` what comes out,
and each other module holds what is done with one noun. Every move of a stage is one statement or
one transaction.
"""

from api.store.credits import NotEnoughCredits
from api.store.database import StoreError, StoreUnusable
from api.store.login_attempts import LoginAttempts
from api.store.runners import Runners
from api.store.sessions import DeliverySessions
from api.store.users import Users

__all__ = ["NotEnoughCredits", "Store", "StoreError", "StoreUnusable"]


class Store(Users, LoginAttempts, Runners, DeliverySessions):
    """One database file, one connection per thread."""
