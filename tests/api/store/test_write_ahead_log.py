"""Whoever was given a number finds it after a power cut: it is on the disk before."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.store import Store
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from tests.waiting import until


class Disk:
    """Notes how much of the log was there at each sync."""

    def __init__(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = database.with_name(f"{database.name}-wal")
        self.synced: list[int] = []
        self.may = threading.Event()
        self.may.set()
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, descriptor: int) -> None:
        self.synced.append(os.fstat(descriptor).st_size)
        self.may.wait(20)
        self._sync(descriptor)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "api.db")


@pytest.fixture
def disk(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Disk:
    store.users.add("a@example.org", "a", "hash")
    return Disk(tmp_path / "api.db", monkeypatch)


def test_a_collection_is_on_the_disk_before_its_number_is_told(store: Store, disk: Disk) -> None:
    before = disk.log.stat().st_size
    store.runners.add_collection(1, "Lamps", StoredRequest({}), [])
    assert disk.synced == [disk.log.stat().st_size]
    assert disk.synced[0] > before


def test_an_end_is_on_the_disk_too(store: Store, disk: Disk) -> None:
    runner = store.runners.add_collection(1, "Lamps", StoredRequest({}), []).id
    store.runners.start(runner, "2026-01-01T00:00:00Z")
    store.runners.end(runner, Outcome(Stage.FAILED, failed_reason="cancelled"))
    assert len(disk.synced) == 3
    assert disk.synced[-1] == disk.log.stat().st_size


def test_threads_wait_together(store: Store, disk: Disk) -> None:
    disk.may.clear()
    with ThreadPoolExecutor(16) as threads:
        told = threads.map(
            lambda _: store.runners.add_collection(1, "Lamps", StoredRequest({}), []), range(16)
        )
        until(lambda: store.runners.page(1, None, 1, 0)[0], lambda total: total == 16)
        disk.may.set()
        assert len(list(told)) == 16
    assert max(disk.synced) == disk.log.stat().st_size
    assert 1 <= len(disk.synced) <= 2, "one for who came first, and one for all others"
