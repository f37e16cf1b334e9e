"""Small JSON files that one process writes and others read; every read validates them.

A damaged file counts as absent. It is logged once, and renamed before a new file replaces it.
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

LARGEST = 1024 * 1024
"""Bytes; even the longest runs have far smaller records."""
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Temporary errors of the machine, not of the file."""


class Record(BaseModel):
    """Base class for the content of such a file; unknown fields are ignored."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
    )


class NotReadable(Exception):
    """Raised if the path cannot be read as a file; its text says why."""


def read_record(path: Path, model: type[Model]) -> Model | None:
    """The record in a file; None if the file is absent or damaged.

    Raises OSError if the machine has too few descriptors or too little memory to open it.
    """
    try:
        return model.model_validate_json(_content(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        warn_once(path, f"{where}: {first['msg']}" if where else first["msg"])
    except (NotReadable, CrawlError) as error:
        warn_once(path, str(error))
    return None


def is_damaged(path: Path, model: type[BaseModel]) -> bool:
    """Whether the path exists and does not hold such a record."""
    return os.path.lexists(path) and read_record(path, model) is None


def is_in_the_way(path: Path) -> bool:
    """Whether the path exists and is not a file that can be read and written."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return not (stat.S_ISREG(mode) and os.access(path, os.R_OK | os.W_OK))


def set_aside(path: Path, why: str = "damaged") -> None:
    """Rename what is at a path to a free name in the same folder. Raises OSError."""
    names = (path.with_name(f"{path.name}.{why}{number or ''}") for number in count())
    free = next(name for name in names if not os.path.lexists(name))
    path.rename(free)
    logger.warning("%s was renamed to %s and kept", path, free.name)


def warn_once(path: Path, what: str) -> None:
    """Log what is wrong with a file, once per version of the file."""
    try:
        status = path.lstat()
        version = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
    except OSError:
        version = ""
    _warn(path, version, what)


@lru_cache(maxsize=4096)
def _warn(path: Path, _version: str, what: str) -> None:
    logger.warning("%s is damaged and counts as absent: %s", path, what[:200])


def open_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading, without ever blocking on a pipe or device.

    Raises NotReadable, FileNotFoundError, NotADirectoryError, and OSError if the machine has too
    few descriptors or too little memory.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that has no writer blocks for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno in _MACHINE:
            raise
        raise NotReadable(error.strerror) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotReadable("it is not a regular file")
    return os.fdopen(descriptor, "rb")


def _content(path: Path) -> bytes:
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise NotReadable(f"it has {size} bytes, at most {LARGEST} are read")
        # read(size) is faster than read(LARGEST), which would allocate that much each time.
        return file.read(size)
