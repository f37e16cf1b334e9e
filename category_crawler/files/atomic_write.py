"""Atomic writes: a reader sees the old file or the new one, never a part."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

_UMASK = os.umask(0)
os.umask(_UMASK)
_WITHOUT_LINKS = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}
)
"""What file systems answer that know no links, such as those of memory cards and of some shares."""
_CHUNK = 1024 * 1024


def write_whole(path: Path, chunks: Iterable[bytes], mode: int = 0o666 & ~_UMASK) -> None:
    """Write the chunks to a temporary file, sync it, and rename it to ``path``.

    ``mode`` sets the file's permissions; by default they are those of any new file. Raises OSError
    and then leaves ``path`` unchanged.
    """
    with replacing(path) as file:
        os.fchmod(file.fileno(), mode)
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def copy_whole(source: IO[bytes], path: Path) -> None:
    """Write what is left of an open file to another path; see :func:`write_whole`."""
    write_whole(path, iter(partial(source.read, _CHUNK), b""))


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file that is renamed to ``path`` at the end, or removed if the block fails.

    It is not synced: after a power cut the file may be there without its content.
    """
    with replacing_path(path) as part, part.open("wb") as file:
        yield file
        file.flush()


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """The path of a temporary file, for those who open it themselves; see :func:`replacing`."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        yield Path(name)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def link(source: Path, path: Path) -> None:
    """Give a file that nobody changes any more a second path, in place of what is there.

    Where the file system knows no links, the file is copied. Raises OSError.
    """
    try:
        with replacing_path(path) as part:
            part.unlink()
            os.link(source, part)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        with source.open("rb") as file:
            copy_whole(file, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder durable: a power cut cannot undo it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
