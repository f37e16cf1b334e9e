"""Users and their credentials."""

import sqlite3

from api.store.database import Row, SQLiteFile
from category_crawler.run import utc_now


class Users(SQLiteFile):
    """Who may use the API."""

    def add_user(self, email: str, name: str, credential_hash: str) -> int:
        """A new user with one API key. Raises ValueError where the e-mail address is taken."""
        try:
            with self._writing() as connection:
                user = connection.execute(
                    "INSERT INTO users (email, name, created_at) VALUES (?, ?, ?)",
                    (email, name, utc_now()),
                ).lastrowid
                connection.execute(
                    "INSERT INTO credentials (hash, user, kind, created_at) VALUES (?, ?, ?, ?)",
                    (credential_hash, user, "key", utc_now()),
                )
        except sqlite3.IntegrityError:
            raise ValueError(f"there is a user {email} already") from None
        assert user is not None
        return user

    def users(self) -> list[Row]:
        """Every user, oldest first."""
        return list(self.db.query("SELECT id, email, name, created_at FROM users ORDER BY id"))

    def user_of(self, credential_hash: str) -> Row | None:
        """The user whose key or unexpired token has this hash."""
        return self._one(
            "SELECT users.* FROM credentials JOIN users ON users.id = credentials.user "
            "WHERE hash = ? AND is_active AND (expires_at IS NULL OR expires_at > ?)",
            (credential_hash, utc_now()),
        )
