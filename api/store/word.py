"""The base of the words that columns hold."""

from enum import Enum


class Word(Enum):
    """One of a few words.

    It is no ``str``: comparing it with a text, which may be misspelt, fails the type check.
    """

    def __str__(self) -> str:
        return str(self.value)

    def __conform__(self, _protocol: object) -> str:
        """What SQLite stores."""
        return str(self.value)
