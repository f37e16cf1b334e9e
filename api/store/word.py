"""The base class of enums that are stored in columns."""

from enum import Enum


class Word(Enum):
    """An enum of stored values.

    It is not a ``str``, so that comparing it with a misspelt string fails the type check.
    """

    def __str__(self) -> str:
        return str(self.value)

    def __conform__(self, _protocol: object) -> str:
        """What SQLite stores."""
        return str(self.value)
