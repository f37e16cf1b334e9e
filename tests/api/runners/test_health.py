"""``/healthz`` says which part of the service ails."""

import os
import re
import time

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.runners.heartbeat import beat
from api.store.records import StoredRequest
from category_crawler.times import utc_in
from tests.api.owed_notices import ended
from tests.api.services import Caller, Daemon, new_user
from tests.crawls import Home
from tests.trouble import few_descriptors
from tests.waiting import until


def said(app: Flask) -> str:
    """What an unwell service says of itself."""
    answer = app.test_client().get("/healthz")
    return str(answer.get_json()["data"])


def test_all_is_well(app: Flask, scrapyd: Daemon) -> None:
    beat()
    answer = app.test_client().get("/healthz")
    parts = ("database", "scrapyd", "slots", "queue", "watcher", "notices", "exports", "disk")
    well = dict.fromkeys(parts, "ok")
    assert (answer.status_code, answer.get_json()["data"]) == (200, well)


def test_each_part_that_ails_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, 503)
    assert "scrapyd: Scrapyd does not answer" in answer.get_json()["data"]
    assert "watcher: it has not begun" in answer.get_json()["data"]
    assert "database" not in answer.get_json()["data"]
    assert "disk" not in answer.get_json()["data"]


def test_a_watcher_that_stopped_is_missed(app: Flask, home: Home) -> None:
    beat()
    alive = home.folder / "var" / "watcher.alive"
    long_ago = time.time() - 31
    os.utime(alive, (long_ago, long_ago))
    said = app.test_client().get("/healthz").get_json()["data"]
    assert "watcher: no heartbeat for 31 s" in said


def test_notices_that_nobody_tries_are_seen(app: Flask, alice: Caller) -> None:
    store = app.extensions["services"].store
    for _ in range(2):
        ended(store, alice.user, webhook_url="https://hooks.example.org/")
    assert "notices:" not in said(app), "the watcher has time"
    store.db.conn.execute("UPDATE notices SET next_try_at = ? WHERE id < 4", (utc_in(-301),))
    assert re.search(r"notices: 3 due and not tried, the oldest for 30\d s", said(app))


def test_a_receiver_that_refuses_is_no_sick_service(app: Flask, alice: Caller) -> None:
    store = app.extensions["services"].store
    ended(store, alice.user)
    notice = store.notices.claim(60)
    store.notices.postpone(notice, 10, "451 later")
    store.db.conn.execute("UPDATE notices SET created_at = ?", (utc_in(-3600),))
    assert "notices:" not in said(app)


def test_what_waits_for_slow_receivers_of_its_own_user_is_no_sick_service(
    app: Flask, alice: Caller, bob: Caller
) -> None:
    store = app.extensions["services"].store
    for _ in range(3):
        ended(store, alice.user)
    store.db.conn.execute("UPDATE notices SET next_try_at = ?", (utc_in(-400),))
    assert store.notices.claim(60) is not None
    assert "notices:" not in said(app)
    ended(store, bob.user)
    store.db.conn.execute("UPDATE notices SET next_try_at = ?", (utc_in(-400),))
    assert "notices: 1 due and not tried" in said(app)


def test_a_notice_left_by_a_watcher_that_died_is_seen_once_it_is_late(
    app: Flask, alice: Caller
) -> None:
    store = app.extensions["services"].store
    ended(store, alice.user)
    assert store.notices.claim(60) is not None
    late = "UPDATE notices SET next_try_at = ?, claimed_until = ?"
    store.db.conn.execute(late, (utc_in(-400), utc_in(-5)))
    assert "notices:" not in said(app)
    store.db.conn.execute(late, (utc_in(-700), utc_in(-301)))
    assert "notices: 1 due and not tried" in said(app)


def test_a_full_disk_is_seen(app: Flask, home: Home) -> None:
    full = create_app(Settings(min_free_bytes=10**18))
    said = full.test_client().get("/healthz").get_json()["data"]
    assert re.search(r"disk: only [\d,]+ MB are free", said)
    assert str(home.folder) not in said


@pytest.mark.parametrize("name", ["results", "var"])
def test_a_folder_that_takes_no_file_is_seen(app: Flask, home: Home, name: str) -> None:
    (home.folder / "results").mkdir(exist_ok=True)
    assert "disk" not in said(app)
    (home.folder / name).rename(home.folder / "elsewhere")
    (home.folder / name).touch()
    assert f"disk: {name}/ cannot be written (Not a directory)" in said(app)


def test_a_database_that_cannot_be_read_is_seen(app: Flask, home: Home) -> None:
    store = app.extensions["services"].store
    store.db.conn.execute("DROP TABLE notices")
    store.db.conn.execute("PRAGMA foreign_keys = OFF")
    store.db.conn.execute("DROP TABLE users")
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert "database: no such table: users" in answer.get_json()["data"]


def test_a_slot_that_cannot_start_jobs_is_seen(app: Flask, alice: Caller, scrapyd: Daemon) -> None:
    assert "slots" not in said(app)
    with few_descriptors(scrapyd.number):
        collection = alice.schedule()
        words = until(lambda: said(app), lambda words: "slots:" in words)
        assert re.search(r"slots: \d of \d work: Too many open files", words)
    alice.until(collection, "done")
    # A slot that met the trouble pauses for two seconds, and a run may be quicker.
    until(lambda: said(app), lambda words: "slots" not in words)


def test_a_job_that_waits_beside_a_free_slot_is_seen(
    app: Flask, alice: Caller, scrapyd: Daemon
) -> None:
    runner = app.extensions["services"].store.runners.add_collection(
        alice.user, "Lamps", StoredRequest({}), []
    )
    assert "queue" not in said(app)
    set_scheduled(app, runner.id, seconds=31)
    until(lambda: said(app), lambda words: "queue" in words)
    assert app.extensions["services"].scrapyd.slots().idle_seconds > 5
    set_scheduled(app, runner.id, seconds=31)
    assert re.search(r"queue: a job has waited 3\d s beside a free slot", said(app))


def test_slots_that_have_just_run_a_job_have_not_waited_long(
    app: Flask, alice: Caller, scrapyd: Daemon
) -> None:
    client = app.extensions["services"].scrapyd
    before = until(client.slots, lambda slots: slots.idle_seconds > 1)
    began = time.monotonic()
    # Of one user only two would wait for a slot at once.
    callers = [alice, new_user(app, "bob@example.org")] * (before.slots // 2)
    collections = [(caller, caller.schedule()) for caller in callers]
    until(client.slots, lambda slots: slots.idle_seconds == 0)
    for caller, collection in collections:
        caller.until(collection, "done")
    after = until(client.slots, lambda slots: slots.idle_seconds > 0)
    assert after.working == after.slots
    assert after.idle_seconds < time.monotonic() - began


def test_a_job_may_wait_long_where_every_slot_is_busy(
    no_slot: None, app: Flask, alice: Caller, scrapyd: Daemon
) -> None:
    runner = app.extensions["services"].store.runners.add_collection(
        alice.user, "Lamps", StoredRequest({}), []
    )
    set_scheduled(app, runner.id, seconds=3600)
    assert "queue" not in said(app)
    set_scheduled(app, runner.id, seconds=90_000)
    assert "queue: a job has waited 25.0 h for a slot" in said(app)


def set_scheduled(app: Flask, runner: int, seconds: float) -> None:
    connection = app.extensions["services"].store.db.conn
    moment = utc_in(-seconds)
    connection.execute("UPDATE attempts SET created_at = ? WHERE runner = ?", (moment, runner))


def test_a_session_that_waits_is_a_job_too(app: Flask, alice: Caller, scrapyd: Daemon) -> None:
    store = app.extensions["services"].store
    store.sessions.add_zipcode(alice.user, "amazon.com.au", "4501", None, has_file=lambda: False)
    until(app.extensions["services"].scrapyd.slots, lambda slots: slots.idle_seconds > 5)
    store.db.conn.execute("UPDATE sessions SET updated_at = ?", (utc_in(-40),))
    assert re.search(r"queue: a job has waited 4\d s beside a free slot", said(app))
