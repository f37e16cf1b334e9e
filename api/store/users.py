"""Users and their credentials."""

import sqlite3

from api.store.database import Row, SQLiteFile
from category_crawler.times import utc_now

_ADD_CREDENTIAL = (
    "INSERT INTO credentials (hash, user, kind, expires_at, created_at) VALUES (?, ?, ?, ?, ?)"
)


class Users(SQLiteFile):
    """Who may use the API."""

    def add_user(
        self, email: str, name: str, credential_hash: str, credits_granted: int | None = None
    ) -> int:
        """A new user with one API key; None grants credits without limit.

        Raises ValueError where the e-mail address is taken.
        """
        try:
            with self._writing() as connection:
                user = connection.execute(
                    "INSERT INTO users (email, name, available_credits, created_at) "
                    "VALUES (?, ?, ?, ?)",
                    (email, name, credits_granted, utc_now()),
                ).lastrowid
                key = (credential_hash, user, "key", None, utc_now())
                connection.execute(_ADD_CREDENTIAL, key)
        except sqlite3.IntegrityError:
            raise ValueError(f"there is a user {email} already") from None
        assert user is not None
        return user

    def users(self) -> list[Row]:
        """Every user, oldest first; without password hashes."""
        return self._all(
            "SELECT id, email, name, is_active, available_credits, used_credits, "
            "frozen_credits, created_at FROM users ORDER BY id"
        )

    def user_named(self, email: str) -> Row | None:
        """The user with this e-mail address, in capitals or not."""
        return self._one("SELECT * FROM users WHERE email = ?", (email,))

    def user_of(self, credential_hash: str) -> Row | None:
        """The active user whose key or unexpired token has this hash; ``kind`` says which."""
        return self._one(
            "SELECT users.*, credentials.kind, credentials.hash "
            "FROM credentials JOIN users ON users.id = credentials.user "
            "WHERE hash = ? AND is_active AND (expires_at IS NULL OR expires_at > ?)",
            (credential_hash, utc_now()),
        )

    def set_active(self, user: int, *, active: bool) -> None:
        """Let a user in or keep them out; their tokens end with either, their key does not."""
        with self._writing() as connection:
            connection.execute("UPDATE users SET is_active = ? WHERE id = ?", (active, user))
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'token'", (user,))

    def set_password(self, user: int, password_hash: str) -> None:
        """Replace a user's password; whoever is logged in has to log in again."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user)
            )
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'token'", (user,))

    def add_token(self, user: int, credential_hash: str, expires_at: str) -> None:
        """A session token; those that have expired are cleared away."""
        with self._writing() as connection:
            connection.execute("DELETE FROM credentials WHERE expires_at <= ?", (utc_now(),))
            token = (credential_hash, user, "token", expires_at, utc_now())
            connection.execute(_ADD_CREDENTIAL, token)

    def remove_token(self, credential_hash: str) -> None:
        """End a session token."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM credentials WHERE hash = ? AND kind = 'token'", (credential_hash,)
            )

    def replace_key(self, user: int, credential_hash: str) -> None:
        """Put a new API key in the old one's place."""
        with self._writing() as connection:
            connection.execute("DELETE FROM credentials WHERE user = ? AND kind = 'key'", (user,))
            key = (credential_hash, user, "key", None, utc_now())
            connection.execute(_ADD_CREDENTIAL, key)
