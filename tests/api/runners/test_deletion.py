"""Deleting a collection: everything of it goes, nothing of others does, whenever it is killed."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from api.products.history import history_folder
from api.runners.attempts import folder_of
from api.runners.deletion import NotDeletable, delete, finish_deletions
from api.runners.schedules import DueRuns
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.schedules import Plan, StoredRecurrence
from api.store.stage import Stage
from category_crawler.files.home import var_folder
from category_crawler.times import utc_in
from tests.api.services import CATEGORY, Caller, Daemon, refresh_all
from tests.storefront import Storefront

DUE = Plan(StoredRecurrence("UTC", "0 6 * * *"), "2026-01-01T06:00:00Z")


def made(store: Store, user: int) -> Runner:
    """A collection with two ended runs, files of every kind, a schedule, alerts and notices."""
    first = store.runners.add_collection(user, "Lamps", StoredRequest({}), [], plan=DUE)
    store.alerts.set_rules(first.collection.id, "[]")
    store.runners.end(first.id, Outcome(Stage.FAILED, failed_reason="blocked"))
    second = store.runners.add(first, 0, 1)
    assert second is not None
    store.runners.end(second.id, Outcome(Stage.DONE))
    for path in files(second):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return second


def files(runner: Runner) -> list[Path]:
    """Files of a runner of every kind."""
    logs = var_folder() / "logs" / "default" / "category"
    return [
        folder_of(runner).rows,
        history_folder(runner.collection.user, runner.collection.id) / "2026-01.parquet",
        logs / f"r{runner.id}-1.log",
        var_folder() / "downloads" / f"{runner.id}-abc.csv",
    ]


def rows(store: Store, table: str) -> int:
    number: int = store.db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return number


def test_everything_of_it_goes_and_nothing_of_others(store: Store, alice: Caller) -> None:
    runner, other = made(store, alice.user), made(store, alice.user)
    tables = ("collections", "runners", "attempts", "schedules", "alert_rules", "alerts", "notices")
    before = {table: rows(store, table) for table in tables}
    delete(store, runner)
    assert {table: 2 * rows(store, table) for table in tables} == before
    assert [path for path in files(runner) if path.exists()] == []
    assert all(path.exists() for path in files(other))
    assert store.runners.newest(alice.user, runner.collection.id) is None
    assert store.schedules.of(other.collection.id) is not None


def test_what_it_has_cost_stays_used(store: Store, alice: Caller) -> None:
    store.credits.grant(alice.user, 100)
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest({}), [], 10)
    store.runners.end(runner.id, Outcome(Stage.DONE, asin_count=7))
    before = store.credits.of(alice.user)
    delete(store, runner)
    assert store.credits.of(alice.user) == before
    assert (before.used_credits, before.frozen_credits) == (7, 0)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_an_open_run_and_one_that_is_ending_are_in_the_way(
    store: Store, alice: Caller, is_cancelled: bool
) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest({}), [])
    if is_cancelled:
        store.runners.end(runner.id, Outcome(Stage.FAILED, is_stopping=True))
    says = "still ending" if is_cancelled else "cancel it first"
    with pytest.raises(NotDeletable, match=says):
        delete(store, runner)
    assert store.runners.get(runner.id) is not None
    assert store.removals.all(10) == []


def test_a_kill_before_the_files_are_gone_leaves_them_to_the_watcher(
    app: Flask, store: Store, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = made(store, alice.user)

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            delete(store, runner)
    assert files(runner)[0].exists()
    path = f"/api/v1/results/{runner.collection.id}/{runner.id}/category_asins.json"
    assert alice.get(path).status_code == 404
    refresh_all(app.extensions["services"].jobs)
    assert [one for one in files(runner) if one.exists()] == []


def test_a_kill_in_the_transaction_deletes_nothing(store: Store, alice: Caller) -> None:
    runner = made(store, alice.user)
    store.db.conn.execute(
        "CREATE TRIGGER t BEFORE INSERT ON removals BEGIN SELECT raise(ABORT, 'x'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        delete(store, runner)
    assert store.runners.get(runner.id) is not None
    assert store.schedules.of(runner.collection.id) is not None
    assert all(path.exists() for path in files(runner))


def test_what_a_late_writer_leaves_goes_too_and_then_it_is_forgotten(
    store: Store, alice: Caller
) -> None:
    runner = made(store, alice.user)
    delete(store, runner)
    late = files(runner)[1]
    late.parent.mkdir(parents=True)
    late.write_text("x")
    finish_deletions(store)
    assert not late.exists()
    assert len(store.removals.all(10)) == 1
    store.db.conn.execute("UPDATE removals SET created_at = ?", (utc_in(-700),))
    finish_deletions(store)
    assert store.removals.all(10) == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may remove everything")
def test_files_that_cannot_be_removed_are_tried_again(store: Store, alice: Caller) -> None:
    runner = made(store, alice.user)
    folder = folder_of(runner).path
    folder.chmod(0o500)
    delete(store, runner)
    assert files(runner)[0].exists()
    folder.chmod(0o700)
    finish_deletions(store)
    assert not folder.exists()


def test_a_run_that_was_due_is_not_started_any_more(
    app: Flask, store: Store, alice: Caller, scrapyd: Daemon
) -> None:
    runner = made(store, alice.user)
    due_runs = DueRuns(app.extensions["services"].jobs)
    (due,) = due_runs.waiting()
    delete(store, runner)
    due_runs.settle(due)
    assert rows(store, "runners") == 0
    assert [*due_runs.waiting()] == []


def test_over_the_api_a_cancelled_collection_can_be_deleted_once_its_spider_is_gone(
    app: Flask, alice: Caller, bob: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 2
    collection = alice.schedule()
    alice.until_moving(collection)
    body = {"collection_id": collection}
    assert bob.post(f"{CATEGORY}/delete/", body).status_code == 404
    assert alice.post(f"{CATEGORY}/delete/", body).status_code == 409
    assert alice.cancel(collection)
    services = app.extensions["services"]
    for _ in range(200):
        refresh_all(services.jobs)
        answer = alice.post(f"{CATEGORY}/delete/", body)
        if answer.status_code != 409:
            break
    assert answer.get_json()["data"] == {"id": collection, "deleted": True}
    assert alice.post(f"{CATEGORY}/result/", body).status_code == 404
    assert not (folder_of_user(alice.user) / str(collection)).exists()
    assert alice.post(f"{CATEGORY}/delete/", body).status_code == 404


def folder_of_user(user: int) -> Path:
    return history_folder(user, 0).parent.parent


def test_over_the_api_a_collection_is_renamed(store: Store, alice: Caller, bob: Caller) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest({}), [])
    body = {"collection_id": runner.collection.id, "name": "Desk lamps"}
    assert bob.post(f"{CATEGORY}/rename/", body).status_code == 404
    answer = alice.post(f"{CATEGORY}/rename/", body)
    assert answer.get_json()["data"] == {"id": runner.collection.id, "name": "Desk lamps"}
    for wrong in ({"name": ""}, {"name": "x" * 256}, {"name": 1}, {"nmae": "x"}):
        given = {"collection_id": runner.collection.id} | wrong
        assert alice.post(f"{CATEGORY}/rename/", given).status_code == 400
    now = store.runners.get(runner.id)
    assert now is not None
    assert now.collection.name == "Desk lamps"


def test_the_store_itself_leaves_what_is_anothers(store: Store, alice: Caller, bob: Caller) -> None:
    runner = made(store, alice.user)
    collection = runner.collection.id
    assert not store.runners.delete_collection(bob.user, collection)
    assert not store.runners.rename_collection(bob.user, collection, "Bob's")
    now = store.runners.get(runner.id)
    assert now is not None
    assert now.collection.name == "Lamps"
