"""A small file that one process writes and others read: checked at every reading.

What does not fit counts as absent. It is told of once, and kept under another name when something
takes its place.
"""

import errno
import logging
import os
import stat
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from category_crawler.errors import CrawlError

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)

_LARGEST = 1024 * 1024
"""Bytes; the records of the longest runs are far smaller."""
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Troubles of the machine, not of the file; they pass."""


class Record(BaseModel):
    """Base of what such a file holds; what is not known is left aside."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class NotReadable(Exception):
    """Raised if something lies there that cannot be read as a file; its text says why."""


def read_record(path: Path, model: type[Model]) -> Model | None:
    """The record in a file; None where there is none, or none that fits.

    Raises OSError where the machine has no room to open it.
    """
    try:
        return model.model_validate_json(_content(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        tell_of(path, f"{where}: {first['msg']}" if where else first["msg"])
    except (NotReadable, CrawlError) as error:
        tell_of(path, str(error))
    return None


def is_damaged(path: Path, model: type[BaseModel]) -> bool:
    """Whether something lies there that is no such record."""
    return os.path.lexists(path) and read_record(path, model) is None


def is_in_the_way(path: Path) -> bool:
    """Whether something lies where a file is to be written that cannot be written as one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return not (stat.S_ISREG(mode) and os.access(path, os.R_OK | os.W_OK))


def set_aside(path: Path, why: str = "damaged") -> None:
    """Give what lies at a path a name of its own beside it. Raises OSError."""
    names = (path.with_name(f"{path.name}.{why}{number or ''}") for number in count())
    free = next(name for name in names if not os.path.lexists(name))
    path.rename(free)
    logger.warning("What lay at %s is kept as %s", path, free.name)


def tell_of(path: Path, what: str) -> None:
    """Log what is wrong with a file, once until the file changes."""
    try:
        status = path.lstat()
        version = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
    except OSError:
        version = ""
    _tell(path, version, what)


@lru_cache(maxsize=4096)
def _tell(path: Path, _version: str, what: str) -> None:
    logger.warning("%s is damaged and counts as absent: %s", path, what[:200])


def open_file(path: Path) -> IO[bytes]:
    """Open a regular file to read; nothing else that lies there holds the reader up.

    Raises NotReadable, FileNotFoundError, NotADirectoryError, and OSError where the machine has no
    room for an open file.
    """
    try:
        # A pipe without a writer would hold its reader up for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno in _MACHINE:
            raise
        raise NotReadable(error.strerror) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotReadable("it is no regular file")
    return os.fdopen(descriptor, "rb")


def _content(path: Path) -> bytes:
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _LARGEST:
            raise NotReadable(f"it has {size} bytes, at most {_LARGEST} are read")
        # Room for the largest would take longer than all else that a poll does here.
        return file.read(size)
