"""SQLite's write-ahead log: makes sure that commits are on the disk."""

import logging
import os
import threading
from pathlib import Path

logger = logging.getLogger(__name__)


class WriteAheadLog:
    """The log of one database; concurrent commits share one fsync.

    ``PRAGMA synchronous = FULL`` would make an fsync for each commit, with the database locked.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._syncing = threading.Lock()
        self._commits = 0
        self._on_disk = 0

    def committed(self) -> int:
        """Count a commit, before another can begin; return its number."""
        self._commits += 1
        return self._commits

    def wait_for(self, number: int) -> None:
        """Return when the commit with this number is on the disk.

        An error of the disk is only logged: the commit is made, and a client that gets an error
        would send its request again.
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
