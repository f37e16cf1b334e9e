"""Users and their credentials."""

import sqlite3

from api.store.audit import about
from api.store.database import SQLiteFile
from api.store.reading import Values, columns_of, reader_of
from api.store.records import Credential, Role, User
from category_crawler.times import utc_now

_USERS = f"SELECT {columns_of(User, 'users')} FROM users"
_CREDENTIALS = (
    f"SELECT {columns_of(Credential, 'credentials')}, {columns_of(User, 'users')} "
    "FROM credentials JOIN users ON users.id = credentials.user"
)
_ADD_CREDENTIAL = (
    "INSERT INTO credentials (hash, user, kind, expires_at, created_at) VALUES (?, ?, ?, ?, ?)"
)
_AS_USER = reader_of(User)
_AS_CREDENTIAL = reader_of(Credential)


class Users:
    """Who may use the API."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def add(
        self, email: str, name: str, credential_hash: str, credits_granted: int | None = None
    ) -> int:
        """A new user with one API key; None grants credits without limit.

        The first user is an operator. Raises ValueError where the e-mail address is taken.
        """
        try:
            with self._file.writing() as connection:
                user = _insert(connection, (email, name, None, credits_granted, utc_now()))
                key = (credential_hash, user, "key", None, utc_now())
                connection.execute(_ADD_CREDENTIAL, key)
        except sqlite3.IntegrityError:
            raise ValueError(f"there is a user {email} already") from None
        return user

    def add_first(self, email: str, name: str, password_hash: str, link_hash: str) -> int | None:
        """The first user, without a limit of credits, by a sign-in link that is then used up.

        None where the link is not valid, or where there is a user already.
        """
        with self._file.writing() as connection:
            is_used = connection.execute(
                "DELETE FROM sign_in_links WHERE hash = ? AND user IS NULL AND expires_at > ? "
                "AND NOT EXISTS (SELECT 1 FROM users)",
                (link_hash, utc_now()),
            ).rowcount
            values = (email, name, password_hash, None, utc_now())
            return _insert(connection, values) if is_used else None

    def set_role(self, user: int, role: Role) -> None:
        """Make a user an operator, or an operator a user."""
        with self._file.writing() as connection:
            connection.execute("UPDATE users SET role = ? WHERE id = ?", (role.value, user))

    def is_any(self) -> bool:
        """Whether there is a user."""
        return bool(self._file.rows("SELECT 1 FROM users LIMIT 1"))

    def all(self) -> list[User]:
        """Every user, oldest first."""
        return self._file.all(_AS_USER, f"{_USERS} ORDER BY id")

    def named(self, email: str) -> User | None:
        """The user with this e-mail address; case does not matter."""
        return self._file.one(_AS_USER, f"{_USERS} WHERE email = ?", (email,))

    def get(self, user: int) -> User | None:
        """The user with this number."""
        return self._file.one(_AS_USER, f"{_USERS} WHERE id = ?", (user,))

    def is_active(self, user: int) -> bool:
        """Whether a user has not been disabled."""
        query = "SELECT 1 FROM users WHERE id = ? AND is_active"
        return bool(self._file.rows(query, (user,)))

    def credential(self, credential_hash: str) -> Credential | None:
        """The key or unexpired token with this hash, if its user is active."""
        return self._file.one(
            _AS_CREDENTIAL,
            f"{_CREDENTIALS} "
            "WHERE hash = ? AND is_active AND (expires_at IS NULL OR expires_at > ?)",
            (credential_hash, utc_now()),
        )

    def set_active(self, user: int, *, active: bool) -> None:
        """Enable or disable a user; both end their tokens, but not their key."""
        with self._file.writing() as connection:
            connection.execute("UPDATE users SET is_active = ? WHERE id = ?", (active, user))
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'token'", (user,))

    def remove(self, user: int) -> bool:
        """Remove a user with keys, tokens and links; False while active, or owning anything.

        Collections and postcodes are removed before.
        """
        with self._file.writing() as connection:
            is_free = connection.execute(
                "SELECT 1 FROM users WHERE id = ?1 AND NOT is_active "
                "AND NOT EXISTS (SELECT 1 FROM collections WHERE user = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM zipcodes WHERE user = ?1)",
                (user,),
            ).fetchone()
            if is_free is None:
                return False
            for table in ("credentials", "sign_in_links", "idempotency_keys"):
                connection.execute(f"DELETE FROM {table} WHERE user = ?", (user,))
            connection.execute("DELETE FROM users WHERE id = ?", (user,))
        return True

    def set_mail_on_cancel(self, user: int, *, wanted: bool) -> None:
        """Choose whether a mail tells of runs that the user cancels from now on."""
        with self._file.writing() as connection:
            connection.execute("UPDATE users SET mail_on_cancel = ? WHERE id = ?", (wanted, user))

    def set_password(self, user: int, password_hash: str) -> None:
        """Replace a user's password, and end their tokens."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user)
            )
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'token'", (user,))

    def add_token(self, user: int, credential_hash: str, expires_at: str) -> None:
        """Add a session token, and remove expired ones."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM credentials WHERE expires_at <= ?", (utc_now(),))
            token = (credential_hash, user, "token", expires_at, utc_now())
            connection.execute(_ADD_CREDENTIAL, token)

    def remove_token(self, credential_hash: str) -> None:
        """End a session token."""
        with self._file.writing() as connection:
            connection.execute(
                "DELETE FROM credentials WHERE hash = ? AND kind = 'token'", (credential_hash,)
            )

    def replace_key(self, user: int, credential_hash: str) -> None:
        """Put a new API key in the old one's place."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'key'", (user,))
            key = (credential_hash, user, "key", None, utc_now())
            connection.execute(_ADD_CREDENTIAL, key)


def _insert(connection: sqlite3.Connection, values: Values) -> int:
    user = connection.execute(
        "INSERT INTO users (email, name, password_hash, available_credits, created_at, role) "
        "VALUES (?, ?, ?, ?, ?, iif((SELECT min(id) FROM users) IS NULL, 'operator', 'user'))",
        values,
    ).lastrowid
    assert user is not None
    about(f"user {values[0]}")
    return user
