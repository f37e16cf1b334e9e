"""Where copies go: a folder, or a bucket of an object store.

A place has a copy whole or not at all. The credentials for a bucket come from the environment or
the files of the package that reaches it. What that package says of an error may hold a part of
them, so only the kinds of errors and the store's codes leave this module.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from api.export_url import FOLDER
from category_crawler.files.atomic_write import copy_whole

_MOST_CAUSES = 4
_CODE = re.compile(r"[A-Za-z0-9.]{1,60}", re.ASCII)
_MEANINGS = (
    (FileNotFoundError, "There is no such bucket"),
    (PermissionError, "The store refuses it"),
    (TimeoutError, "The store took too long"),
    (ConnectionError, "The store cannot be reached"),
    (BaseException, "The store has not taken it"),
)
"""What an error means, by the first kind that it or one of its causes is of."""


class NotStored(Exception):
    """Raised if a copy is not there; its text says why, and may be shown to everyone."""


class Place(Protocol):
    """Takes copies of files."""

    def url(self, name: str) -> str:
        """The address of the copy with this name."""

    def put(self, path: Path, name: str) -> None:
        """Copy a file, in the place of an earlier copy. Raises NotStored, or FileNotFoundError
        if there is no such file."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, or of a disk that is mounted."""

    path: Path

    def url(self, name: str) -> str:
        """The address of the copy with this name."""
        return f"{FOLDER}://{self.path / name}"

    def put(self, path: Path, name: str) -> None:
        """Copy a file; see :meth:`Place.put`. A power cut does not undo it."""
        if not self.path.is_dir():
            # Made here, it would hide that a disk is not mounted.
            raise NotStored("The folder of export_url is not there: make it, or mount its disk")
        with path.open("rb") as file:
            try:
                target = self.path / name
                target.parent.mkdir(parents=True, exist_ok=True)
                for left in target.parent.glob(f".{target.name}.*"):
                    left.unlink(missing_ok=True)
                copy_whole(file, target)
            except OSError as error:
                raise NotStored(f"The folder has not taken it ({error.strerror})") from None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of an object store, or a part of it, by the package ``fsspec``."""

    address: str

    def url(self, name: str) -> str:
        """The address of the copy with this name."""
        return f"{self.address.rstrip('/')}/{name}"

    def put(self, path: Path, name: str) -> None:
        """Copy a file; see :meth:`Place.put`."""
        size = path.stat().st_size
        try:
            stored = self._stored(path, self.url(name))
        except Exception as error:
            path.stat()
            raise NotStored(_in_words(error)) from None
        if stored != size:
            raise NotStored(f"The store has {stored} bytes of {size}")

    def _stored(self, path: Path, url: str) -> int | None:
        """Copy a file and return the size of the copy as the store tells it."""
        # It takes half a second to load, and only the watcher copies.
        from fsspec.core import url_to_fs

        store, key = url_to_fs(url, use_listings_cache=False)
        # One object appears at once and whole; a kill leaves none, or the parts of an upload that
        # the store does not show.
        store.put_file(str(path), key)
        store.invalidate_cache()
        size: int | None = store.size(key)
        return size


def place_of(url: str) -> Place:
    """The place that ``export_url`` names."""
    parts = urlsplit(url)
    return Folder(Path(parts.path)) if parts.scheme == FOLDER else Bucket(url)


def _in_words(error: Exception) -> str:
    causes = [*_causes(error)]
    meaning = next(words for kind, words in _MEANINGS if any(isinstance(c, kind) for c in causes))
    names = dict.fromkeys(name for one in causes for name in _names(one))
    return f"{meaning} ({', '.join(names)})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            break
        yield cause
        cause = cause.__cause__ or cause.__context__


def _names(error: BaseException) -> Iterator[str]:
    """The kind of an error, and the store's own code for it."""
    yield type(error).__name__
    answer: Any = getattr(error, "response", None)
    with suppress(TypeError, KeyError):
        code = answer["Error"]["Code"]
        if isinstance(code, str) and _CODE.fullmatch(code):
            yield code
