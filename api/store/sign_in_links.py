"""Links that sign a user in, once."""

from dataclasses import dataclass

from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of
from category_crawler.times import utc_now


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link that has not been used and has not expired."""

    user: int | None
    """Whom it signs in; None makes the first user."""


_LINKS = f"SELECT {columns_of(SignInLink, 'sign_in_links')} FROM sign_in_links"
_AS_LINK = reader_of(SignInLink)
_THIS = "WHERE hash = ? AND expires_at > ?"


class SignInLinks:
    """The links that can still be used."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def add(self, link_hash: str, user: int | None, expires_at: str) -> None:
        """Add a link, and remove expired ones."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM sign_in_links WHERE expires_at <= ?", (utc_now(),))
            connection.execute(
                "INSERT INTO sign_in_links (hash, user, expires_at) VALUES (?, ?, ?)",
                (link_hash, user, expires_at),
            )

    def named(self, link_hash: str) -> SignInLink | None:
        """The link with this hash, which stays."""
        return self._file.one(_AS_LINK, f"{_LINKS} {_THIS}", (link_hash, utc_now()))

    def use(self, link_hash: str) -> int | None:
        """The user whom a link signs in; it is used up. None where it is not valid."""
        with self._file.writing() as connection:
            used = connection.execute(
                f"DELETE FROM sign_in_links {_THIS} AND user IS NOT NULL RETURNING user",
                (link_hash, utc_now()),
            ).fetchall()
        return used[0][0] if used else None
