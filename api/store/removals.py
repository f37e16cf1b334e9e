"""Collections that were deleted and whose files are still to be removed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of
from category_crawler.times import utc_now


@dataclass(frozen=True, slots=True)
class Removal:
    """The files of a deleted collection."""

    collection: int
    user: int
    runners: list[int]
    """Numbers of its runners: their logs and downloads are named so."""
    created_at: str


_AS_REMOVAL = reader_of(Removal)
_REMOVALS = f"SELECT {columns_of(Removal, 'removals')} FROM removals"


class Removals:
    """A row for each of them, until nobody can write to its folder any more."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def add(
        self, connection: Connection, user: int, collection: int, runners: Sequence[int]
    ) -> None:
        """Record, in the transaction that deletes a collection, that its files are to go."""
        connection.execute(
            "INSERT INTO removals (collection, user, runners, created_at) VALUES (?, ?, ?, ?)",
            (collection, user, json.dumps(runners), utc_now()),
        )

    def of(self, collection: int) -> Removal | None:
        """The removal of a collection's files, if it was deleted and they may still be there."""
        return self._file.one(_AS_REMOVAL, f"{_REMOVALS} WHERE collection = ?", (collection,))

    def all(self, limit: int) -> list[Removal]:
        """The oldest of them."""
        query = f"{_REMOVALS} WHERE collection > 0 ORDER BY collection LIMIT ?"
        return self._file.all(_AS_REMOVAL, query, (limit,))

    def settle(self, collection: int) -> None:
        """Note that the files of a collection are gone for good."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM removals WHERE collection = ?", (collection,))
