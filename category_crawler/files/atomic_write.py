"""Atomic writes: a reader sees the old file or the new one, never a part."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_UMASK = os.umask(0)
os.umask(_UMASK)


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


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder durable: a power cut cannot undo it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
