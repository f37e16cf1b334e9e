"""Idempotency keys: one request, one run, one answer, whatever happens in between."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.store import Store
from api.store.records import Outcome
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, flask, refresh_all
from tests.crawls import DOMAIN, POSTCODE, Home

ADD, RERUN = f"{CATEGORY}/add_schedule/", f"{CATEGORY}/rerun/"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
DAY = 86_400

DIES_BEFORE_SCRAPYD = """
import json, os, sys
from api import create_app
from api.runners.attempts import Attempts
Attempts.schedule = lambda *_: os._exit(9)
path, body, key, api_key = sys.argv[1:]
headers = {"x-api-key": api_key, "Idempotency-Key": key}
create_app().test_client().post(path, json=json.loads(body), headers=headers)
"""
"""An API that is killed between recording a run and telling Scrapyd of it."""


def post(caller: Caller, path: str = ADD, body: Any = BODY, key: str = KEY) -> TestResponse:
    headers = {"x-api-key": caller.key, "Idempotency-Key": key}
    return caller.client.post(path, json=body, headers=headers)


def runs(store: Store) -> int:
    number: int = store.db["runners"].count
    return number


@contextmanager
def no_session(home: Home) -> Iterator[None]:
    session = home.folder / "cookies" / DOMAIN / f"{POSTCODE}.json"
    session.rename(session.with_suffix(".away"))
    yield
    session.with_suffix(".away").rename(session)


def test_the_same_request_has_the_same_answer(
    alice: Caller, no_slot: None, scrapyd: Daemon, store: Store
) -> None:
    body = BODY | {"colour": "red", "max_products": 3}
    store.credits.grant(alice.user, 2)
    first = post(alice, body=body)
    assert (first.status_code, len(first.get_json()["data"]["warnings"])) == (200, 2)
    # Another order of the fields, another path to the same call, and no credit any more.
    again = post(alice, ADD.rstrip("/"), dict(reversed(body.items())))
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert runs(store) == 1
    assert post(alice, body=body, key="another").status_code == 402


def test_a_rerun_is_done_once(alice: Caller, no_slot: None, scrapyd: Daemon, store: Store) -> None:
    collection = alice.schedule()
    store.runners.end(alice.result(collection)["id"], Outcome(Stage.DONE))
    first, again = (post(alice, RERUN, {"collection_id": collection}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert runs(store) == 2
    store.runners.end(first.get_json()["data"]["runner_id"], Outcome(Stage.DONE))
    assert post(alice, RERUN, {"collection_id": collection}).get_json() == first.get_json()
    assert runs(store) == 2


def test_another_request_under_the_key_is_refused(
    alice: Caller, no_slot: None, scrapyd: Daemon, store: Store
) -> None:
    collection = post(alice).get_json()["data"]["id"]
    store.runners.end(alice.result(collection)["id"], Outcome(Stage.DONE))
    for path, body in (
        (ADD, BODY | {"max_products": 3}),
        (ADD, BODY | {"colour": "red"}),
        (ADD, BODY | {"max_products": "many"}),
        (ADD, {}),
        (RERUN, {"collection_id": collection}),
    ):
        answer = post(alice, path, body)
        assert answer.status_code == 409
        assert answer.get_json()["data"].startswith(
            "The Idempotency-Key has been sent with another"
        )
    assert runs(store) == 1


def test_a_key_belongs_to_its_user(
    alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, store: Store
) -> None:
    first, second = post(alice), post(bob)
    assert first.status_code == second.status_code == 200
    assert first.get_json() != second.get_json()
    assert runs(store) == 2


def test_simultaneous_requests_make_one_run(
    app: Flask, alice: Caller, no_slot: None, scrapyd: Daemon, store: Store
) -> None:
    gate, answers = threading.Barrier(8), list[str]()

    def go() -> None:
        caller = Caller(app.test_client(), alice.key, alice.user)
        gate.wait()
        answers.append(post(caller).text)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["code"] == 200
    assert runs(store) == 1


def test_a_failed_request_leaves_the_key_free(
    alice: Caller, no_slot: None, scrapyd: Daemon, store: Store, home: Home
) -> None:
    with no_session(home):
        assert post(alice).status_code == 400
    scrapyd.kill()
    assert post(alice).status_code == 503
    assert store.db["idempotency_keys"].count == runs(store) == 0
    scrapyd.start()
    # Another body, too: nothing was done under the key.
    assert post(alice, body=BODY | {"max_products": 3}).status_code == 200
    assert runs(store) == 1


@pytest.mark.parametrize("path", [ADD, RERUN])
def test_after_a_kill_the_run_goes_on_and_there_is_no_second(
    app: Flask, alice: Caller, scrapyd: Daemon, store: Store, home: Home, path: str
) -> None:
    body: dict[str, Any] = BODY
    if path == RERUN:
        body = {"collection_id": alice.schedule()}
        alice.until(body["collection_id"], *ENDED)
    before = runs(store)
    killed = subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_SCRAPYD, path, json.dumps(body), KEY, alice.key],
        cwd=PROJECT,
        env=os.environ,
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9
    assert runs(store) == before + 1
    answer = post(alice, path, body)
    assert answer.status_code == 200
    added = answer.get_json()["data"]
    assert alice.result(added["id"])["id"] == added["runner_id"]
    assert alice.until(added["id"], *ENDED)["stage"] == "done"
    assert post(alice, path, body).get_json() == answer.get_json()
    assert runs(store) == before + 1


def test_a_key_is_free_after_a_day(
    app: Flask, alice: Caller, no_slot: None, scrapyd: Daemon, store: Store
) -> None:
    first = post(alice).get_json()["data"]
    table = store.db["idempotency_keys"]
    store.db.execute("UPDATE idempotency_keys SET created_at = ?", [utc_in(60 - DAY)])
    assert post(alice).get_json()["data"] == first
    store.db.execute("UPDATE idempotency_keys SET created_at = ?", [utc_in(-60 - DAY)])
    assert post(alice, key="another").status_code == 200
    assert table.count == 1
    second = post(alice).get_json()["data"]
    assert second["runner_id"] > first["runner_id"]
    store.db.execute("UPDATE idempotency_keys SET created_at = ?", [utc_in(-60 - DAY)])
    assert flask("prune", "--older-than", "30d").returncode == 0
    assert table.count == 0


@pytest.mark.parametrize("key", ["", " ", "a b", "a\tb", "x" * 256, "schlüssel", "\x7f"])
def test_a_key_is_short_and_plain(alice: Caller, store: Store, key: str) -> None:
    answer = post(alice, key=key)
    assert answer.status_code == 400
    told = answer.get_json()
    assert told["data"].startswith("Idempotency-Key is ")
    assert f"of {len(key)} characters: it must be 1 to 255 ASCII characters" in told["data"]
    assert told["errors"] == [{"field": "Idempotency-Key", "message": told["data"]}]


def test_a_key_is_told_as_it_was_sent(alice: Caller) -> None:
    sent = "schlüssel".encode().decode("latin-1")
    assert post(alice, key=sent).get_json()["data"].startswith("Idempotency-Key is 'schlüssel', of")


@pytest.mark.parametrize("key", ["x", "x" * 255, '"8e03978e"', "~!#"])
def test_what_a_key_may_be(
    alice: Caller, no_slot: None, scrapyd: Daemon, store: Store, key: str
) -> None:
    assert post(alice, key=key).get_json() == post(alice, key=key).get_json()
    assert runs(store) == 1


def test_other_calls_take_no_notice_of_it(alice: Caller, store: Store) -> None:
    assert post(alice, f"{CATEGORY}/list/", {}, key="a b").status_code == 200
    assert store.db["idempotency_keys"].count == 0


def test_the_specification_shows_the_header(app: Flask) -> None:
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    shown = {
        path
        for path, methods in paths.items()
        for parameter in methods.get("post", {}).get("parameters", ())
        if parameter["name"] == "Idempotency-Key" and parameter["in"] == "header"
    }
    assert shown == {ADD, RERUN}
    assert "Idempotency-Key" in app.test_client().get("/docs").text


def test_the_watcher_finds_a_run_whose_api_was_killed(
    app: Flask, alice: Caller, scrapyd: Daemon, store: Store
) -> None:
    subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_SCRAPYD, ADD, json.dumps(BODY), KEY, alice.key],
        cwd=PROJECT,
        env=os.environ,
        timeout=60,
        check=False,
    )
    (runner,) = store.runners.open()
    jobs = app.extensions["services"].jobs
    for _ in range(400):
        refresh_all(jobs)
        if store.runners.get(runner.id) != runner:
            break
    alice.until(runner.collection.id, "done")
