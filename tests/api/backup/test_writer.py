"""A backup is whole whatever is written meanwhile, and lets nobody else read it."""

import os
import signal
import subprocess
import sys
import tarfile
import textwrap
import threading
from pathlib import Path

import pytest
from flask import Flask

from api.backup.manifest import MANIFEST, Results
from api.backup.restore import restore
from api.backup.writer import NotBackedUp
from api.runners.attempts import attempt_of, folder_of, run_folder
from api.store import Store
from api.store.records import Runner
from category_crawler.files.home import PROJECT, var_folder
from category_crawler.run.journal import read_journal
from category_crawler.run.writer import Run
from tests.api.backup.homes import backup, empty_home, fill
from tests.api.ended_runs import ended
from tests.api.services import BODY, Caller
from tests.api.web.crawls import stored
from tests.crawls import Home
from tests.records import product, progress, record

_PER_PAGE = 24


def names_in(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def test_a_backup_begins_with_its_manifest_and_is_its_owners_alone(
    alice: Caller, store: Store, tmp_path: Path
) -> None:
    fill(store, alice.user)
    runner = ended(store, alice.user)
    file = tmp_path / "backup.tar.gz"
    manifest = backup(store, file)
    names = names_in(file)
    assert names[:2] == [MANIFEST, "var/api.db"]
    assert names[1:] == [entry.name for entry in manifest.files]
    run = f"results/1/{runner.collection.id}/{runner.id}"
    expected = {"settings.toml", "var/webhook.secret", "cookies/amazon.com.au/4500.json"}
    expected |= {f"{run}/category_asins.json", f"{run}/attempts/1/category_asins.json"}
    assert expected | {f"{run}/attempts/1/summary.json", "results/local/here-1/summary.json"} <= {
        *names
    }
    assert "var/web.secret" not in names
    assert file.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in tmp_path.iterdir()} & {"backup", ".backup.tar.gz"} == set()
    assert not (var_folder() / "backup").exists()


def test_a_file_that_is_there_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("of yesterday")
    with pytest.raises(NotBackedUp, match="there already: name another file, or add --overwrite"):
        backup(store, file)
    assert file.read_text() == "of yesterday"


def test_links_are_not_followed(alice: Caller, store: Store, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("secret")
    first, second = ended(store, alice.user), ended(store, alice.user)
    (run_folder(first) / "linked").symlink_to(tmp_path / "private")
    (run_folder(first) / "key").symlink_to(tmp_path / "private" / "key")
    aside = tmp_path / "private" / "run"
    run_folder(second).rename(aside)
    run_folder(second).symlink_to(aside)
    backup(store, tmp_path / "backup.tar.gz")
    names = names_in(tmp_path / "backup.tar.gz")
    assert [name for name in names if "key" in name or "linked" in name] == []
    assert any(name.startswith("results/1/1/1/") for name in names)
    assert not any(name.startswith("results/1/2/2") for name in names)


def test_the_newest_results_alone(alice: Caller, store: Store, tmp_path: Path) -> None:
    oldest = ended(store, alice.user)
    done = ended(store, alice.user, after=oldest)
    failed = ended(store, alice.user, "failed", after=done)
    other = ended(store, alice.user)
    for runner in (oldest, done, failed, other):
        store.runners.set_recorded(runner.id)
    newest = backup(store, tmp_path / "1", Results.NEWEST)
    assert [one.runner for one in newest.left_out] == [oldest.id]
    of_one = backup(store, tmp_path / "2", Results.ALL, (other.collection.id,))
    assert {one.runner for one in of_one.left_out} == {oldest.id, done.id, failed.id}
    assert {one.runner for one in backup(store, tmp_path / "3", Results.NONE).left_out} == {
        *(oldest.id, done.id, failed.id, other.id)
    }


def test_a_run_that_is_pruned_meanwhile_is_left_out(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = ended(store, alice.user)
    taken = store.copy_to

    def before_a_prune(path: Path) -> None:
        taken(path)
        store.runners.remove_files({runner.id: None}, "prune --older-than 1d")

    monkeypatch.setattr(store, "copy_to", before_a_prune)
    manifest = backup(store, tmp_path / "backup.tar.gz")
    assert [one.runner for one in manifest.left_out] == [runner.id]
    assert not any(one.name.startswith("results/1/") for one in manifest.files)


class Writers:
    """A spider's pages, and changes of the database, as fast as they go."""

    def __init__(self, store: Store, user: int, runner: Runner) -> None:
        self._store, self._user, self._runner = store, user, runner
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._crawl, self._change)]
        self.failed: list[BaseException] = []

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _crawl(self) -> None:
        run = Run.create(attempt_of(self._runner).path, BODY)
        page = 0
        while not self._stop.is_set():
            page += 1
            run.keep(run.claim(map(product, range(_PER_PAGE * page, _PER_PAGE * (page + 1)))))
            if page % 3 == 0:
                # As where the disk refuses: rows are cut off again.
                run._roll_back()
                run.asins -= {one.asin for one in map(product, range(24 * page, 24 * (page + 1)))}
            run.finish_page(record(1, offset=run.offset))
            run.report(progress(page))
        run.close()

    def _change(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._store.users.add(f"{number}@example.org", "x", f"{number:064d}")
        self._store.close()


def test_a_backup_beside_writers_is_whole(
    app: Flask, alice: Caller, store: Store, tmp_path: Path, home: Home
) -> None:
    done, open_run = ended(store, alice.user), stored(app, alice.user)
    with Writers(store, alice.user, open_run) as writers:
        for number in range(6):
            backup(store, tmp_path / f"{number}.tar.gz")
    assert writers.failed == []
    kept = []
    for number in range(6):
        with empty_home(tmp_path / f"new{number}") as empty:
            restore(empty, tmp_path / f"{number}.tar.gz")
            restored = Store(var_folder() / "api.db")
            users = restored.users.all()
            assert {one.id for one in users} == {*range(1, len(users) + 1)}
            assert folder_of(done).has_whole_result(48)
            before = folder_of(open_run)
            lines = [line for line, _ in read_journal(before.journal)] if before.has_begun else []
            offsets = [line.offset for line in lines]
            # The next attempt, as a spider begins it.
            run = Run.create(tmp_path / f"next{number}", BODY, before.path)
            assert len([*run.finished_pages()]) == len(offsets), "each page with all its rows"
            asins = [one.asin for one in run.products()]
            assert len(asins) == len({*asins}) == run.kept
            kept.append(run.kept)
            run.close()
            restored.close()
    assert kept == sorted(kept)
    assert kept[-1] > 0


_DIE = """
import os, signal, sys
from itertools import count
from pathlib import Path
from api.backup.chosen import Choice
from api.backup.writer import back_up
from api.store import Store
from category_crawler.files.home import var_folder

target, change, last, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), count(1)

def look(event, values):
    if event == change and str(target.parent) in str(values[0]) and next(steps) == last:
        os.kill(os.getpid(), signal.SIGKILL)

store = Store(var_folder() / "api.db")
sys.addaudithook(look)
back_up(store, target, Choice(), overwrite=True)
"""


@pytest.mark.parametrize("step", [("os.mkdir", 1), ("open", 12), ("os.rename", 1)])
def test_a_killed_backup_leaves_the_file_as_it_was(
    alice: Caller, store: Store, tmp_path: Path, step: tuple[str, int]
) -> None:
    ended(store, alice.user)
    file = tmp_path / "backup.tar.gz"
    file.write_text("of yesterday")
    program = [sys.executable, "-c", textwrap.dedent(_DIE), str(file), *map(str, step)]
    killed = subprocess.run(program, cwd=PROJECT, check=False, timeout=60, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert file.read_text() == "of yesterday"
    file.unlink()
    backup(store, file)
    assert MANIFEST in names_in(file)
