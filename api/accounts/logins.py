"""The rules of accounts: who is let in, for how long, and how slowly after failures."""

import logging
from dataclasses import dataclass

from api.accounts.passwords import is_password
from api.accounts.secret import hash_of, new_secret
from api.config import Settings
from api.store import Store
from api.store.records import User
from category_crawler.times import utc_in

logger = logging.getLogger(__name__)

FREE_FAILURES = 5
"""Wrong logins for one e-mail address before the next has to wait."""
FREE_FAILURES_OF_ADDRESS = 20
"""The same from one client's address, behind which several people may sit."""


class LoginRefused(Exception):
    """Raised if e-mail address and password do not belong together, whichever of them is wrong."""


@dataclass
class LoginTooSoon(Exception):
    """Raised if so many logins have failed that the next has to wait."""

    seconds: int


class Accounts:
    """Logins and keys of users."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def login(self, email: str, password: str, address: str) -> tuple[str, User]:
        """A new session token and its user. Raises LoginRefused or LoginTooSoon."""
        by_email, by_address = hash_of(f"email {email.lower()}"), hash_of(f"address {address}")
        wait = self.store.logins.admit(
            {by_email: FREE_FAILURES, by_address: FREE_FAILURES_OF_ADDRESS}
        )
        if wait:
            logger.warning("A login from %s has to wait %s s", address, wait)
            raise LoginTooSoon(wait)
        user = self.store.users.named(email)
        if not is_password(password, user.password_hash if user else None) or not (
            user and user.is_active
        ):
            raise LoginRefused
        self.store.logins.forgive(by_email, by_address)
        token = new_secret()
        self.store.users.add_token(user.id, hash_of(token), utc_in(self.settings.token_lifetime))
        return token, user

    def new_key(self, user: int) -> str:
        """A new API key in the old one's place."""
        key = new_secret()
        self.store.users.replace_key(user, hash_of(key))
        return key
