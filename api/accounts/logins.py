"""The rules of accounts: who is let in, by what, for how long, and how slowly after failures."""

import logging
from dataclasses import dataclass

from pydantic import validate_email

from api.accounts.passwords import is_password, password_hash
from api.accounts.secret import hash_of, new_secret
from api.config import Settings
from api.sentences import one_line
from api.store import Store
from api.store.audit import Who, about, by
from api.store.records import User
from category_crawler.times import utc_in

logger = logging.getLogger(__name__)

FREE_FAILURES = 5
"""Wrong logins for one e-mail address before the next has to wait."""
FREE_FAILURES_OF_ADDRESS = 20
"""The same from one client's address, behind which several people may sit."""

LINK_LIFETIME = 86_400.0
"""Seconds in which a sign-in link can be used."""


class LoginRefused(Exception):
    """Raised if e-mail address and password do not belong together, whichever of them is wrong."""


@dataclass
class LoginTooSoon(Exception):
    """Raised if so many logins have failed that the next has to wait."""

    seconds: int


class InvalidAddress(ValueError):
    """Raised for what is no e-mail address."""


class LinkRefused(Exception):
    """Raised if a sign-in link is unknown, used up or expired, or its user is disabled."""


class Accounts:
    """Logins, sign-in links and keys of users."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def login(self, email: str, password: str, address: str) -> tuple[str, User]:
        """A new session token and its user. Raises LoginRefused or LoginTooSoon."""
        user = self.check_password(email, password, address)
        return self._new_token(user.id), user

    def check_password(self, email: str, password: str, address: str) -> User:
        """The user with this password. Raises LoginRefused or LoginTooSoon."""
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
            if user:
                about(f"user {user.email}")
            raise LoginRefused
        self.store.logins.forgive(by_email, by_address)
        return user

    def new_link(self, user: int | None) -> str:
        """The secret of a link that signs a user in once; None makes the first user."""
        secret = new_secret()
        self.store.links.add(hash_of(secret), user, utc_in(LINK_LIFETIME))
        return secret

    def address_of(self, link: str) -> str:
        """Where a sign-in link with this secret leads."""
        return f"{self.settings.address}/sign-in/{link}"

    def login_by_link(self, secret: str) -> str:
        """A new session token of the user whom a link signs in. Raises LinkRefused."""
        user = self.store.links.use(hash_of(secret))
        if user is None or not self.store.users.is_active(user):
            raise LinkRefused
        return self._new_token(user)

    def makes_first_user(self, secret: str) -> bool:
        """Whether a link makes the first user, and there is none yet."""
        link = self.store.links.named(hash_of(secret))
        return link is not None and link.user is None and not self.store.users.is_any()

    def make_first_user(self, secret: str, email: str, password: str) -> str:
        """Make the first user, who is an operator; a session token of that user.

        Raises LinkRefused, InvalidAddress, or ValueError if the password is too short or long.
        """
        _check_address(email)
        name = email.partition("@")[0]
        hashed = password_hash(password)
        user = self.store.users.add_first(email, name, hashed, hash_of(secret))
        if user is None:
            raise LinkRefused
        return self._new_token(user)

    def add_user(self, email: str, name: str = "") -> tuple[User, str]:
        """A new user and the API key; the name is by default that of the address.

        The first user is without a limit of credits, the others get ``new_user_credits``. Raises
        InvalidAddress, and ValueError where the address is taken.
        """
        _check_address(email)
        key, users = new_secret(), self.store.users
        granted = self.settings.new_user_credits if users.is_any() else None
        added = users.add(email, one_line(name) or email.partition("@")[0], hash_of(key), granted)
        found = users.get(added)
        assert found is not None, "it has just been added"
        return found, key

    def new_key(self, user: int) -> str:
        """A new API key in the old one's place."""
        key = new_secret()
        self.store.users.replace_key(user, hash_of(key))
        return key

    def change_password(self, user: int, password: str) -> str:
        """Set a password, which ends every token of the user; a new token.

        Raises ValueError if it is too short or long.
        """
        self.store.users.set_password(user, password_hash(password))
        return self._new_token(user)

    def _new_token(self, user: int) -> str:
        token, found = new_secret(), self.store.users.get(user)
        if found is not None:
            by(Who(found.id, found.email))
        self.store.users.add_token(user, hash_of(token), utc_in(self.settings.token_lifetime))
        return token


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValueError:
        raise InvalidAddress(f"{email!r} is no e-mail address") from None
