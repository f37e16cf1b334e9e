"""What an archive says of itself: the first file in it, with the checksum of each other one."""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from category_crawler.files.record_file import Record
from category_crawler.run.records import Moment, Progress

MANIFEST = "manifest.json"
DATABASE = "var/api.db"
WEBHOOK_SECRET = "var/webhook.secret"  # noqa: S105 - a file's name
SETTINGS = "settings.toml"
COOKIES, RESULTS = "cookies", "results"
_SINGLE = frozenset((DATABASE, WEBHOOK_SECRET, SETTINGS))
_FOLDERS = frozenset((COOKIES, RESULTS))


class Results(StrEnum):
    """Which results are in an archive."""

    ALL = "all"
    NEWEST = "newest"
    """Of each collection the newest run, the newest that is done, and those not recorded yet."""
    NONE = "none"


def _inside_a_home(name: str) -> str:
    """A file's name, which leads to no place but its own in a home."""
    parts = PurePosixPath(name).parts
    is_plain = name == "/".join(parts) and ".." not in parts and "\0" not in name
    if name in _SINGLE or (is_plain and len(parts) > 1 and parts[0] in _FOLDERS):
        return name
    raise ValueError(f"{name!r} is no file of a home")


class Entry(Record):
    """A file in an archive."""

    name: Annotated[str, AfterValidator(_inside_a_home)]
    """Relative to the home, whatever the home's folders are called."""
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LeftOut(Record):
    """A run whose files were there and are not in the archive."""

    runner: int
    progress: Progress | None
    """What its files said last of how far it came."""


class Manifest(Record):
    """What is in an archive, and how it was made."""

    form: Literal[1]
    """Of the archive; another one is read by other versions."""
    version: str
    """Of the program that made it."""
    migrations: list[str]
    """The database's schema: the migrations that were applied."""
    taken_at: Moment
    """When the database was copied."""
    results: Annotated[Results, Field(strict=False)]
    collections: list[int]
    """Those whose results were asked for; empty for all."""
    left_out: list[LeftOut]
    numbers: dict[str, int]
    """The last numbers that were given, by table, once everything was copied."""
    files: list[Entry]

    @property
    def rule(self) -> str:
        """Which files it has, as the operator asked for them."""
        of = "".join(f" --collection {number}" for number in self.collections)
        return f"backup --results {self.results}{of}"

    @property
    def total(self) -> int:
        """Bytes of its files."""
        return sum(entry.bytes for entry in self.files)
