"""The file to which SQLite commits, and when what was committed is on the disk."""

import logging
import os
import threading
from pathlib import Path

logger = logging.getLogger(__name__)


class WriteAheadLog:
    """The log of one database: those who wait for the disk at the same time wait once for all.

    ``PRAGMA synchronous = FULL`` would have them wait one after the other, each with the database
    locked.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._syncing = threading.Lock()
        self._commits = 0
        self._on_disk = 0

    def committed(self) -> int:
        """Count a commit, before another can begin; its number."""
        self._commits += 1
        return self._commits

    def wait_for(self, number: int) -> None:
        """Return once a power cut can no longer undo the commit of this number.

        A disk that refuses is only logged: the commit is made, and a client that is told of a
        failure would ask for the same once more.
        """
        with self._syncing:
            if self._on_disk < number:
                newest = self._commits
                try:
                    self._sync()
                except OSError as error:
                    logger.error("A power cut now would undo the latest commits: %s", error)
                else:
                    self._on_disk = newest

    def _sync(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
