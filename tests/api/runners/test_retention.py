"""Rules remove what they say, and never what somebody still needs."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api.config import Settings
from api.runners.attempts import run_folder
from api.runners.retention import (
    DAY,
    RetentionRounds,
    expired,
    expired_in,
    expired_local,
    remove_local,
)
from api.store import Store
from api.store.records import Runner
from api.store.retention import Retention
from category_crawler.files.home import results_folder
from category_crawler.run.writer import Run
from category_crawler.times import utc_in
from tests.api.conftest import PATIENCE
from tests.api.ended_runs import ended
from tests.api.services import CATEGORY, Caller, flask

OLD, NEW = utc_in(-40 * DAY), utc_in(-2 * DAY)


def recorded(store: Store, *runners: Runner) -> list[Runner]:
    """Runners that are in their collection's history."""
    for runner in runners:
        store.runners.set_recorded(runner.id)
    return [*runners]


def ids(runners: list[Runner]) -> list[int]:
    return [runner.id for runner in runners]


@pytest.fixture
def runs(alice: Caller, store: Store) -> list[Runner]:
    """A collection's runs: two that are old and done, a new one that is done, one that failed."""
    first = ended(store, alice.user, at=OLD)
    second = ended(store, alice.user, after=first, at=OLD)
    third = ended(store, alice.user, after=second, at=NEW)
    return recorded(store, first, second, third, ended(store, alice.user, "failed", after=third))


def test_days_and_runs_say_which_go(store: Store, runs: list[Runner]) -> None:
    first, second, third, failed = ids(runs)
    collection = runs[0].collection.id
    # The failed one ended at the moment of its record, years ago.
    assert ids(expired_in(store, collection, Retention(30, None))) == [first, second, failed]
    assert ids(expired_in(store, collection, Retention(90, None))) == [failed]
    assert ids(expired_in(store, collection, Retention(None, 3))) == [first]
    assert ids(expired_in(store, collection, Retention(None, 1))) == [first, second]
    assert ids(expired_in(store, collection, Retention(90, 3))) == [first, failed]
    assert third not in ids(expired_in(store, collection, Retention(1, 1)))
    assert expired_in(store, collection + 1, Retention(1, 1)) == []


def test_what_is_still_needed_stays(alice: Caller, store: Store, tmp_path: Path) -> None:
    rule = Retention(1, None)
    unrecorded = ended(store, alice.user, "failed")
    assert expired_in(store, unrecorded.collection.id, rule) == []
    recorded(store, unrecorded)
    assert ids(expired_in(store, unrecorded.collection.id, rule)) == [unrecorded.id]
    assert store.runners.add(unrecorded, 48, 1) is not None
    assert expired_in(store, unrecorded.collection.id, rule) == [], "an open run continues it"
    copied = ended(Store(store_path(), exporting=True), alice.user, "failed")
    recorded(store, copied)
    assert expired_in(store, copied.collection.id, rule) == [], "its copy is still to be made"
    store.exports.switch_off()
    assert ids(expired_in(store, copied.collection.id, rule)) == [copied.id]


def store_path() -> Path:
    return results_folder().parent / "var" / "api.db"


def test_a_collections_own_rule_counts_before_the_general_one(
    alice: Caller, store: Store, runs: list[Runner]
) -> None:
    other = recorded(store, *[ended(store, alice.user, "failed", at=OLD)])[0]
    settings = Settings(keep_days=30)
    store.retention.set(runs[0].collection.id, Retention(None, 2))
    assert {one.rule: ids(one.runners) for one in expired(store, settings)} == {
        "rule of this collection: 2 runs": ids(runs[:2]),
        "rule of all collections: 30 days": [other.id],
    }
    assert {one.rule for one in expired(store, Settings())} == {"rule of this collection: 2 runs"}
    store.retention.set(runs[0].collection.id, None)
    assert [*expired(store, Settings())] == []


def test_the_watcher_applies_rules_and_every_answer_names_them(
    alice: Caller, store: Store, runs: list[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = runs[0].collection.id
    rounds = RetentionRounds(store, PATIENCE)
    rounds.apply()
    assert run_folder(runs[0]).exists(), "without a rule nothing goes"
    store.retention.set(collection, Retention(None, 1))
    rounds.apply()
    assert run_folder(runs[0]).exists(), "not at each look"
    RetentionRounds(store, PATIENCE).apply()
    assert [run_folder(one).exists() for one in runs] == [False, False, True, True]
    gone = store.runners.get(runs[0].id)
    assert gone is not None
    assert gone.files_removed_by == "rule of this collection: 1 run"
    assert gone.last_progress is not None
    path = f"/api/v1/results/{collection}/{gone.id}/category_asins.json"
    said = alice.get(path).get_json()["data"]
    assert said.endswith(f"{gone.files_removed_at} by rule of this collection: 1 run")
    newest = alice.result(collection)
    assert newest["files_removed_by"] is None
    assert store.runners.expired(collection, None, 1) == []


def test_a_removal_that_was_killed_is_finished(
    alice: Caller, store: Store, runs: list[Runner]
) -> None:
    assert store.runners.remove_files({runs[0].id: None}, "rule of all collections: 1 day")
    assert run_folder(runs[0]).exists()
    RetentionRounds(store, PATIENCE).apply()
    assert [run_folder(one).exists() for one in runs] == [False, True, True, True]
    gone = store.runners.get(runs[0].id)
    assert gone is not None
    assert gone.files_removed_by == "rule of all collections: 1 day"


def test_a_deleted_collection_takes_its_rule_with_it(store: Store, runs: list[Runner]) -> None:
    collection = runs[0].collection
    store.retention.set(collection.id, Retention(1, None))
    assert store.runners.delete_collection(collection.user, collection.id)
    assert store.retention.of(collection.id) is None


@pytest.fixture
def local(app: Flask) -> Iterator[Path]:
    """Four local runs, the newest last; the second is done, the third is being written."""
    folder = results_folder() / "local"
    for number in range(4):
        run = folder / str(number)
        run.mkdir(parents=True)
        (run / "category_asins.json").write_text("[\n]\n" if number == 1 else "")
        moment = time.time() - (40 - 10 * number) * DAY
        os.utime(run / "category_asins.json", (moment, moment))
    shutil.rmtree(folder / "2")
    writing = Run.create(folder / "2", {})
    yield folder
    writing.close()


def test_local_runs_go_by_their_own_rule(local: Path) -> None:
    def named(**settings: int) -> list[str]:
        return sorted(one.name for one in expired_local(Settings(**settings)))

    assert named() == named(keep_days=1, keep_runs=1) == []
    assert named(keep_local_days=5) == ["0", "3"]
    assert named(keep_local_days=35) == named(keep_local_runs=2) == ["0"]
    (local / ".removed-9").mkdir()
    remove_local(expired_local(Settings(keep_local_runs=2)))
    assert sorted(one.name for one in local.iterdir()) == ["1", "2", "3"]


def test_the_command_says_first_what_would_go(
    alice: Caller, store: Store, runs: list[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = runs[0].collection.id
    store.retention.set(collection, Retention(None, 3))
    told = flask("prune", "--rules", "--dry-run")
    line = f"runner {runs[0].id} of collection {collection}\tdone, ended {OLD}\t"
    assert told.stdout == (
        f"{line}rule of this collection: 3 runs\nFiles of 1 run would be removed\n"
    )
    assert run_folder(runs[0]).exists()
    old = flask("prune", "--older-than", "30d", "--dry-run")
    assert old.stdout.endswith("Files of 3 runs would be removed\n")
    assert flask("prune", "--rules").stdout.endswith("Files of 1 run removed\n")
    assert not run_folder(runs[0]).exists()
    assert flask("prune").returncode == flask("prune", "--rules", "--history").returncode == 2


def test_a_rule_is_set_shown_and_removed_by_call(
    alice: Caller, store: Store, runs: list[Runner]
) -> None:
    collection = runs[0].collection.id

    def call(name: str, **fields: object) -> dict[str, object]:
        given = {"collection_id": collection, **fields}
        data: dict[str, object] = alice.post(f"{CATEGORY}/{name}/", given).get_json()["data"]
        return data

    rule = {"days": None, "runs": 2}
    expected = {"id": collection, "retention": rule, "of_all": None, "expired": ids(runs[:2])}
    assert call("set_retention", retention={"runs": 2}, dry_run=True) == {
        **expected,
        "saved": False,
    }
    assert call("get_retention")["retention"] is None
    assert call("set_retention", retention={"runs": 2}) == {**expected, "saved": True}
    assert call("get_retention") == expected
    for wrong in ({"days": 0}, {"runs": 0}, {"days": -1}, {}, {"days": 1, "months": 2}):
        answer = alice.post(
            f"{CATEGORY}/set_retention/", {"collection_id": collection, "retention": wrong}
        )
        assert answer.status_code == 400, wrong
    assert store.retention.of(collection) == Retention(None, 2)
    assert call("set_retention", retention=None)["retention"] is None
    assert store.retention.of(collection) is None
