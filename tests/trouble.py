"""Makes real trouble on the machine, and ends it again."""

import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def few_descriptors(number: int) -> Iterator[None]:
    """Leave a process two free file descriptors: enough to answer, too few to start a process."""
    before = resource.prlimit(number, resource.RLIMIT_NOFILE)
    opened = max(int(path.name) for path in Path(f"/proc/{number}/fd").iterdir()) + 1
    resource.prlimit(number, resource.RLIMIT_NOFILE, (opened + 2, before[1]))
    try:
        yield
    finally:
        resource.prlimit(number, resource.RLIMIT_NOFILE, before)


class DyingExtension:
    """An extension of Scrapy with which no spider can start."""

    @classmethod
    def from_crawler(cls, _crawler: object) -> "DyingExtension":
        raise RuntimeError("no licence was found\nin '/opt/vendor/key.pem'")


class VanishingExtension:
    """An extension of Scrapy that ends its process without a word."""

    @classmethod
    def from_crawler(cls, _crawler: object) -> "VanishingExtension":
        os._exit(3)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file, like a backup or another process."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let this process and those it starts write ``size`` bytes a file, as on a full disk.

    Python keeps the first bytes of a module that it compiles meanwhile, and each
    process that imports it later fails; so nothing is compiled into files.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
