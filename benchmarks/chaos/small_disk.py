"""A disk of a few megabytes that can be filled: a mounted one, or a quota where none may be."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.processes import numbers_over

_MEGABYTES = 64
_PIECE = bytes(64 * 1024)


class SmallDisk(Protocol):
    """What a home lies on."""

    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let nothing more be written while the block lasts."""
        yield


class Mounted:
    """A file system in memory, which takes root to mount."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def full(self) -> Iterator[None]:
        filler = self.folder / "filler"
        try:
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(_PIECE):
                    pass
            yield
        finally:
            filler.unlink(missing_ok=True)


class Quota:
    """A limit on the size of files, set for every process that works over the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def full(self) -> Iterator[None]:
        self._limit(0)
        try:
            yield
        finally:
            # A process takes over the limit of the one that starts it, which may be set back later.
            for _ in range(2):
                self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for number in numbers_over(self.folder):
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(number, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """A disk that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="disk-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        if not _mount(folder):
            yield Quota(folder)
            return
        try:
            yield Mounted(folder)
        finally:
            # Lazily: a process that is still dying may have a file open.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path) -> bool:
    """Mount a file system in memory on the folder; whether that was allowed."""
    if os.geteuid() != 0:
        return False
    options = f"size={_MEGABYTES}m,mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "category_crawler", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
