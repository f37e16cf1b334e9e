"""How long the files of a collection's runs are kept, as its owner has set it."""

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from api.store.database import SQLiteFile
from api.store.reading import columns_of, reader_of


@dataclass(frozen=True, slots=True)
class Retention:
    """A run's files go once one of the two says so; None says nothing."""

    days: int | None
    """Since its end."""
    runs: int | None
    """Of a collection that are kept: the newest that have ended."""

    def __str__(self) -> str:
        named = ((self.days, "day"), (self.runs, "run"))
        return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in named if n)


@dataclass(frozen=True, slots=True)
class _Row:
    collection: int
    rule: Retention


_RULES = (
    f"SELECT collection, {columns_of(Retention, 'retention_rules')} FROM retention_rules "
    "WHERE collection = ?"
)
_AS_ROW = reader_of(_Row)


class RetentionRules:
    """The rules in the database; there is at most one for each collection."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def of(self, collection: int) -> Retention | None:
        """The rule of a collection."""
        found = self._file.one(_AS_ROW, _RULES, (collection,))
        return found.rule if found else None

    def set(self, collection: int, rule: Retention | None) -> None:
        """Give a collection a rule in place of the one that it has; None removes it."""
        with self._file.writing() as connection:
            self.drop(connection, collection)
            if rule is not None:
                connection.execute(
                    "INSERT INTO retention_rules (collection, days, runs) VALUES (?, ?, ?)",
                    (collection, rule.days, rule.runs),
                )

    def drop(self, connection: Connection, collection: int) -> None:
        """Remove the rule of a collection, in a transaction."""
        connection.execute("DELETE FROM retention_rules WHERE collection = ?", (collection,))

    def collections(self, *, ruled: bool) -> Sequence[int]:
        """Collections with files of runs that have ended; those with a rule, or those without."""
        found = self._file.rows(
            "SELECT DISTINCT collection FROM runners INDEXED BY kept_runners "
            "WHERE stage IN ('done', 'failed') AND files_removed_at IS NULL "
            "AND EXISTS (SELECT 1 FROM retention_rules AS rule "
            "WHERE rule.collection = runners.collection) = ?",
            (ruled,),
        )
        return [number for (number,) in found]
