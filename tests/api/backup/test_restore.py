"""A restored home is the one that was backed up; nothing else is ever restored."""

import gzip
import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from flask import Flask

from api.accounts.passwords import password_hash
from api.backup.manifest import Results
from api.backup.restore import NotRestored, restore
from api.backup.staging import RestoreGoesOn, alone, finish_restore, prepare
from api.runners.attempts import run_folder
from api.runners.lifecycle import Jobs
from api.services import Services
from api.store import Store
from api.store.records import Runner
from category_crawler.files.home import serve_lock, var_folder
from tests.api.backup.homes import backup, empty_home, files_in, fill, remove
from tests.api.conftest import PATIENCE
from tests.api.ended_runs import ended
from tests.api.services import CATEGORY, Caller, refresh_all
from tests.api.web.crawls import stored
from tests.api.web.reader import PASSWORD, Reader
from tests.crawls import Home
from tests.forks import start


@pytest.fixture
def runs(alice: Caller, store: Store, home: Home) -> list[Runner]:
    """A collection with two runs that are done; the older one is in its history."""
    fill(store, alice.user)
    first = ended(store, alice.user)
    return [first, ended(store, alice.user, after=first, at="2026-01-02T00:00:00Z")]


@pytest.fixture
def archive(tmp_path: Path, store: Store, runs: list[Runner]) -> Path:
    file = tmp_path / "backup.tar.gz"
    backup(store, file)
    return file


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """The database of an empty home, which is the home from now on."""
    with empty_home(tmp_path / "new") as store:
        yield store


def serve(app: Flask) -> Services:
    """Have the application serve the present home."""
    finish_restore()
    made = Services.make(PATIENCE)
    made.init_app(app)
    return made


def answers(caller: Caller, runner: Runner) -> list[bytes]:
    """What a run's owner gets of it."""
    path = f"/api/v1/results/{runner.collection.id}/{runner.id}/category_asins"
    asked = {"collection_id": runner.collection.id}
    return [
        caller.post(f"{CATEGORY}/result/", asked).data,
        caller.post(f"{CATEGORY}/list/", {}).data,
        caller.post(f"{CATEGORY}/products/", {**asked, "limit": 5}).data,
        caller.post(f"{CATEGORY}/changes/", asked).data,
        *(caller.get(f"{path}.{form}").data for form in ("json", "jsonl", "csv")),
    ]


def test_a_restored_home_answers_as_before(
    app: Flask, alice: Caller, store: Store, runs: list[Runner], home: Home, tmp_path: Path
) -> None:
    services: Services = app.extensions["services"]
    assert all(map(services.archive.record, runs))
    before, had = answers(alice, runs[-1]), files_in(home.folder)
    assert f"results/1/{runs[0].collection.id}/history/2026-01.parquet" in had
    backup(store, tmp_path / "backup.tar.gz")
    with empty_home(tmp_path / "new") as empty:
        restore(empty, tmp_path / "backup.tar.gz")
        serve(app)
        has = files_in(tmp_path / "new")
        assert answers(alice, runs[-1]) == before
        one, other = (run_folder(runs[0]) / name for name in ("", "attempts/1"))
        assert (one / "category_asins.json").samefile(other / "category_asins.json")
        assert (var_folder() / "api.db").stat().st_mode & 0o777 == 0o600
    assert has == had


def test_who_was_signed_in_signs_in_again_and_keys_go_on(
    app: Flask, alice: Caller, store: Store, archive: Path, empty: Store
) -> None:
    restore(empty, archive)
    restored = serve(app).store
    assert restored.users.credential("1" * 64) is None
    assert restored.links.named("0" * 64) is None
    assert alice.post(f"{CATEGORY}/list/").status_code == 200


def test_pages_show_the_runs_as_before(
    app: Flask, alice: Caller, store: Store, runs: list[Runner], tmp_path: Path
) -> None:
    store.users.set_password(alice.user, password_hash(PASSWORD))
    backup(store, tmp_path / "backup.tar.gz")
    path = f"/collections/{runs[0].collection.id}/runs/{runs[0].id}/products/"
    reader = Reader(app.test_client())
    reader.sign_in("alice@example.org")
    before = reader.get(path)
    with empty_home(tmp_path / "new") as empty:
        restore(empty, tmp_path / "backup.tar.gz")
        serve(app)
        again = Reader(app.test_client())
        again.sign_in("alice@example.org")
        after = again.get(path)
    assert (before.status_code, after.status_code) == (200, 200)
    assert "Lamp 47" in before.text
    assert after.text.count("Lamp ") == before.text.count("Lamp ")


@pytest.mark.parametrize("results", [Results.NEWEST, Results.NONE])
def test_runs_that_are_not_in_the_backup_say_so(
    app: Flask, alice: Caller, store: Store, runs: list[Runner], tmp_path: Path, results: Results
) -> None:
    store.runners.set_recorded(runs[0].id)
    store.runners.set_recorded(runs[1].id)
    archive = tmp_path / "backup.tar.gz"
    manifest = backup(store, archive, results)
    with empty_home(tmp_path / "new") as empty:
        restore(empty, archive)
        restored = serve(app).store.runners
        told = [restored.get(runner.id) for runner in runs]
        result = alice.result(runs[0].collection.id)
    gone = [one.files_removed_by for one in told if one]
    rule = f"backup --results {results}"
    assert gone == [rule, None if results is Results.NEWEST else rule]
    assert told[0] is not None
    assert told[0].files_removed_at == manifest.taken_at
    assert told[0].last_progress is not None
    assert told[0].last_progress.products_found == 48
    assert len(result["asins"]) == (48 if results is Results.NEWEST else 0)


def test_a_run_that_was_open_is_crawled_again(
    app: Flask, alice: Caller, store: Store, tmp_path: Path
) -> None:
    runner = stored(app, alice.user)
    backup(store, tmp_path / "backup.tar.gz")
    with empty_home(tmp_path / "new") as empty:
        restore(empty, tmp_path / "backup.tar.gz")
        jobs: Jobs = serve(app).jobs
        refresh_all(jobs)
        now = jobs.store.runners.get(runner.id)
    assert now is not None
    assert not now.has_ended, "without Scrapyd it waits"


def test_numbers_that_were_given_since_are_not_given_again(
    app: Flask, alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, alice.user)
    taken = store.copy_to

    def with_another_run(path: Path) -> None:
        taken(path)
        ended(store, alice.user)

    monkeypatch.setattr(store, "copy_to", with_another_run)
    backup(store, tmp_path / "backup.tar.gz")
    with empty_home(tmp_path / "new") as empty:
        restore(empty, tmp_path / "backup.tar.gz")
        restored = serve(app).store
        assert restored.runners.get(2) is None
        assert ended(restored, alice.user).id == 3


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _flip(data: bytes) -> bytes:
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _another_row(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b"Lamp 40", b"Lamp 04"))


def _another_place(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b'"results/1/', b'"../../../1'))


def _no_manifest(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data)[512:])


@pytest.mark.parametrize(
    "damage",
    [_cut, _flip, _another_row, _another_place, _no_manifest, lambda _: b"", bytes.swapcase],
)
def test_a_torn_or_changed_backup_is_refused(archive: Path, empty: Store, damage: object) -> None:
    assert callable(damage)
    archive.write_bytes(damage(archive.read_bytes()))
    before = files_in(archive.parent / "new")
    with pytest.raises(NotRestored, match=r"torn|changed|no backup|another version"):
        restore(empty, archive)
    assert files_in(archive.parent / "new") == before == {}
    assert not any((archive.parent / "new").rglob(".restore"))
    assert not empty.users.is_any()


def test_a_home_in_use_is_refused(archive: Path, empty: Store) -> None:
    with FileLock(serve_lock()), pytest.raises(NotRestored, match="is being served: stop"):
        restore(empty, archive)
    other = sqlite3.connect(var_folder() / "api.db")
    other.execute("SELECT * FROM users").fetchall()
    with pytest.raises(NotRestored, match=r"another process has the database .* open"):
        restore(empty, archive)
    other.close()
    restore(empty, archive)


def test_a_home_with_users_or_files_is_refused(archive: Path, empty: Store) -> None:
    home = archive.parent / "new"
    (home / "results" / "1").mkdir(parents=True)
    with pytest.raises(NotRestored, match="results/1 is there already"):
        restore(empty, archive)
    (home / "results" / "1").rmdir()
    (home / "settings.toml").write_text("DOWNLOAD_DELAY = 9\n")
    with pytest.raises(NotRestored, match=r"settings\.toml is there already"):
        restore(empty, archive)
    shutil.copy(archive.parent / "settings.toml", home)
    empty.users.add("zoe@example.org", "Zoe", "2" * 64)
    with pytest.raises(NotRestored, match="has users already: name an empty one"):
        restore(empty, archive)
    assert [one.email for one in empty.users.all()] == ["zoe@example.org"]


def test_a_newer_backup_is_refused(store: Store, tmp_path: Path, runs: list[Runner]) -> None:
    store.db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('api', 'of_tomorrow', '')"
    )
    # Only a newer program can back it up; the copy need not be read here.
    archive = tmp_path / "backup.tar.gz"
    with pytest.MonkeyPatch.context() as newer:
        newer.setattr("api.store.database.unknown_migrations", lambda _: [])
        backup(store, archive)
    with (
        empty_home(tmp_path / "new") as empty,
        pytest.raises(NotRestored, match=r"newer than this version knows \(of_tomorrow\)"),
    ):
        restore(empty, archive)


def test_nothing_else_begins_while_a_restore_goes_on(empty: Store) -> None:
    with alone():
        prepare()
        with pytest.raises(RestoreGoesOn, match="wait until that has ended"):
            finish_restore()
    finish_restore()
    assert not any((var_folder().parent).rglob(".restore"))


def test_a_kill_at_any_step_leaves_nothing_or_all(archive: Path, home: Home) -> None:
    new = archive.parent / "new"
    whole = files_in(home.folder)
    environment = os.environ | {"CATEGORY_CRAWLER_HOME": str(new)}
    chance = random.Random(os.getpid())
    seen = set()
    # The last steps are the moves.
    for step in [chance.randrange(2, 60), *range(60 + chance.randrange(20), 300, 20)]:
        (new / "var").mkdir(parents=True)
        words = ("tests.api.backup.dying_restore", str(archive), str(step))
        killed = start(*words, environment=environment)
        _, said = killed.communicate()
        assert killed.returncode in (0, -signal.SIGKILL), said
        with pytest.MonkeyPatch.context() as there:
            there.setenv("CATEGORY_CRAWLER_HOME", str(new))
            finish_restore()
            store = Store(var_folder() / "api.db")
            is_whole = store.users.is_any()
            assert files_in(new) == (whole if is_whole else {}), f"killed before step {step}"
            if not is_whole:
                restore(store, archive)
                assert files_in(new) == whole
            store.close()
        seen.add((killed.returncode, is_whole))
        remove(new)
        if killed.returncode == 0:
            break
    assert seen == {(-signal.SIGKILL, False), (-signal.SIGKILL, True), (0, True)}
