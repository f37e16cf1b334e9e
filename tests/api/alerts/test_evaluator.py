"""Runs that end are tried against their rules once, whoever looks and whoever is killed."""

import json
import logging
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.alerts.evaluator import TRIED_FOR, Evaluator
from api.config import Settings
from api.products.datasets import DATASET
from api.products.downloads import Downloads
from api.runners.attempts import folder_of, run_folder
from api.runners.health import health
from api.store import Store
from api.store.records import Outcome, Runner
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in
from tests.api.routes.test_alerts import get_rules, lamp, set_rules
from tests.api.routes.test_changes import CUT, Runs
from tests.api.services import Caller
from tests.crawls import Home
from tests.waiting import until

FALL = {"kind": "price_falls", "percent": 10}


@pytest.fixture
def runs(app: Flask, alice: Caller) -> Runs:
    return Runs(app, alice)


@pytest.fixture
def evaluator(app: Flask) -> Evaluator:
    found: Evaluator = app.extensions["services"].alerts
    return found


def alerts(store: Store) -> list[dict[str, Any]]:
    return list(store.db["alerts"].rows)


def told(store: Store) -> list[dict[str, Any]]:
    return [row for row in store.db["notices"].rows if row["about"] == "alert"]


def try_all(evaluator: Evaluator) -> None:
    while evaluator.try_next():
        pass


def cheaper(runs: Runs) -> Runner:
    """A run in which a lamp has become cheaper, by a rule that asks for it."""
    runs.add([lamp(1)])
    set_rules(runs, FALL)
    return runs.add([lamp(1, price_cents=500)])


def test_a_run_is_told_once(runs: Runs, evaluator: Evaluator) -> None:
    runner = cheaper(runs)
    (due,) = alerts(runs.store)
    assert (due["runner"], due["tried_at"]) == (runner.id, None)
    assert get_rules(runs)["last"] is None
    try_all(evaluator)
    assert [(row["kind"], row["target"]) for row in told(runs.store)] == [
        ("mail", "alice@example.org")
    ]
    last = get_rules(runs)["last"]
    assert (last["runner_id"], last["is_told"]) == (runner.id, True)
    assert last["from_runner"] == runs.runners[0].id
    assert last["rules"][0]["items"][0]["price_cents"] == 500
    assert not evaluator.try_next()


def test_nothing_is_told_where_nothing_was_found(runs: Runs, evaluator: Evaluator) -> None:
    cheaper(runs)
    try_all(evaluator)
    runs.add([lamp(1, price_cents=500)])
    try_all(evaluator)
    assert len(alerts(runs.store)) == 2
    assert len(told(runs.store)) == 1
    assert not get_rules(runs)["last"]["is_told"]


def test_what_could_not_be_sent_is_not_told(app: Flask, runs: Runs, evaluator: Evaluator) -> None:
    cheaper(runs)
    try_all(evaluator)
    outbox = app.extensions["services"].notices
    assert not outbox.settings.smtp_host
    while outbox.deliver_next():
        pass
    last = get_rules(runs)["last"]
    assert (last["rules"][0]["count"], last["is_told"]) == (1, False)


def test_the_rules_are_those_of_the_end(runs: Runs, evaluator: Evaluator) -> None:
    cheaper(runs)
    set_rules(runs, {"kind": "new"})
    try_all(evaluator)
    assert [rule["rule"]["kind"] for rule in get_rules(runs)["last"]["rules"]] == ["price_falls"]
    assert len(told(runs.store)) == 1


def test_without_rules_nothing_is_tried(runs: Runs, evaluator: Evaluator) -> None:
    runs.add([lamp(1)])
    set_rules(runs, FALL)
    set_rules(runs)
    runs.add([lamp(1, price_cents=500)])
    assert alerts(runs.store) == []
    assert not evaluator.try_next()


def test_a_failed_run_is_told_and_its_list_is_not_compared(
    runs: Runs, evaluator: Evaluator
) -> None:
    runs.add([lamp(1), lamp(2)])
    set_rules(
        runs, FALL, {"kind": "gone"}, {"kind": "coverage_not_complete"}, {"kind": "run_failed"}
    )
    failed = runs.add([lamp(1, price_cents=1)], CUT, stage=Stage.FAILED)
    try_all(evaluator)
    last = get_rules(runs)["last"]
    assert [rule["count"] for rule in last["rules"]] == [0, 0, 1, 1]
    assert (
        last["rules"][0]["not_tried"] == f"Runner {failed.id} is failed: its list is not compared"
    )
    assert last["from_runner"] is None
    # The next is compared with the last that is done.
    runs.add([lamp(1), lamp(2)])
    try_all(evaluator)
    last = get_rules(runs)["last"]
    assert (last["from_runner"], last["is_told"]) == (runs.runners[0].id, False)


def test_a_run_that_its_user_cancels_is_not_tried(runs: Runs, evaluator: Evaluator) -> None:
    runs.add([lamp(1)])
    set_rules(runs, {"kind": "run_failed"})
    outcome = Outcome(Stage.FAILED, failed_reason="cancelled")
    runs.store.runners.end(runs._next().id, replace(outcome, is_by_user=True))
    assert not evaluator.try_next()
    runs.store.runners.end(runs._next().id, outcome)
    assert evaluator.try_next(), "the operator has cancelled that one"
    assert len(told(runs.store)) == 1


def test_a_run_whose_earlier_files_are_gone_says_so(runs: Runs, evaluator: Evaluator) -> None:
    cheaper(runs)
    for path in folder_of(runs.runners[0]).path.iterdir():
        path.unlink()
    try_all(evaluator)
    (rule,) = get_rules(runs)["last"]["rules"]
    assert f"The rows of runner {runs.runners[0].id} are missing" in rule["not_tried"]
    assert told(runs.store) == []


def _evaluators(store: Store, home: Home, number: int) -> list[Evaluator]:
    """Those of as many watchers, over one database."""
    path = Path(store.db.conn.execute("PRAGMA database_list").fetchone()[2])
    cache = home.folder / "var" / "alerts"
    return [
        Evaluator(Store(path), Downloads(cache, 10**9, 0), Settings(watch_interval=0.05))
        for _ in range(number)
    ]


def test_watchers_share_the_work(runs: Runs, home: Home) -> None:
    runs.add([lamp(1)])
    set_rules(runs, FALL)
    for number in range(8):
        runs.add([lamp(1, price_cents=1000 // 2 ** (number + 1))])
    watchers = _evaluators(runs.store, home, 4)
    gate = threading.Barrier(4)

    def work(evaluator: Evaluator) -> None:
        gate.wait()
        try_all(evaluator)

    threads = [threading.Thread(target=work, args=(one,)) for one in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row["tries"] for row in alerts(runs.store)} == {1}
    assert sorted(row["runner"] for row in told(runs.store)) == [r.id for r in runs.runners[1:]]


def test_who_lost_the_claim_tells_nothing(runs: Runs) -> None:
    cheaper(runs)
    late = runs.store.alerts.claim(0)
    assert late is not None
    runs.store.db.conn.execute("UPDATE alerts SET claimed_until = ?", (utc_in(-1),))
    mine = runs.store.alerts.claim(60)
    assert mine is not None
    assert not runs.store.alerts.settle(late, "{}", is_told=True)
    assert not runs.store.alerts.postpone(late, 10)
    assert told(runs.store) == []
    assert runs.store.alerts.settle(mine, "{}", is_told=True)
    assert not runs.store.alerts.settle(mine, "{}", is_told=True)
    assert len(told(runs.store)) == 1


_KILLED = """
import os, signal, sys
from pathlib import Path
from api.alerts import evaluator
from api.config import Settings
from api.products.datasets import DATASET
from api.products.downloads import Downloads
from api.store import Store
from api.store.notices import Notices

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "comparing":
    evaluator.find = die
else:
    Notices.add = die
cache = Downloads(Path(sys.argv[1]).parent / "alerts", 10**9, 0)
evaluator.Evaluator(Store(Path(sys.argv[1])), cache, Settings()).try_next()
"""


@pytest.mark.parametrize("moment", ["comparing", "recording"])
def test_a_watcher_killed_while_it_tries_a_run(
    runs: Runs, evaluator: Evaluator, moment: str
) -> None:
    cheaper(runs)
    path = runs.store.db.conn.execute("PRAGMA database_list").fetchone()[2]
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, path, moment], cwd=PROJECT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert told(runs.store) == []
    assert not evaluator.try_next(), "the claim holds for a while"
    runs.store.db.conn.execute("UPDATE alerts SET claimed_until = ?", (utc_in(-1),))
    try_all(evaluator)
    (row,) = alerts(runs.store)
    assert (row["tries"], len(told(runs.store))) == (2, 1)


def test_a_list_that_cannot_be_read_is_tried_for_a_day(
    runs: Runs, evaluator: Evaluator, caplog: pytest.LogCaptureFixture
) -> None:
    runs.add([lamp(1)])
    set_rules(runs, FALL, {"kind": "coverage_not_complete"})
    runner = runs.add([lamp(1, price_cents=500)], CUT)
    (run_folder(runner) / DATASET).mkdir()
    pauses = []
    for tries in (1, 2):
        assert evaluator.try_next()
        (row,) = alerts(runs.store)
        assert (row["tries"], row["tried_at"], row["claim"]) == (tries, None, None)
        assert not evaluator.try_next(), "there is a pause"
        pauses.append(row["next_try_at"])
        runs.store.db.conn.execute("UPDATE alerts SET next_try_at = ?", (utc_in(-1),))
    assert pauses[0] < pauses[1]
    assert f"Runner {runner.id} could not be tried" in caplog.text
    runs.store.db.conn.execute("UPDATE alerts SET created_at = ?", (utc_in(-TRIED_FOR),))
    try_all(evaluator)
    lists, coverage = get_rules(runs)["last"]["rules"]
    assert "could not be read" in lists["not_tried"]
    assert (coverage["count"], len(told(runs.store))) == (1, 1)


def test_large_lists_are_compared_once_they_are_prepared(runs: Runs, home: Home) -> None:
    before = [lamp(number) for number in range(6000)]
    runs.add(before)
    set_rules(runs, FALL, {"kind": "gone"})
    runs.add([replace(one, price_cents=500) for one in before[10:]])
    stop = threading.Event()
    (one, _) = _evaluators(runs.store, home, 2)
    with one.trying(stop):
        until(lambda: alerts(runs.store)[0]["tried_at"], bool)
    found = json.loads(alerts(runs.store)[0]["found"])
    assert [match["count"] for match in found["matches"]] == [5990, 10]
    assert [len(match["items"]) for match in found["matches"]] == [10, 10]


def test_one_bad_row_stops_no_other(
    runs: Runs, evaluator: Evaluator, caplog: pytest.LogCaptureFixture
) -> None:
    cheaper(runs)
    runs.store.db.conn.execute("UPDATE alerts SET rules = '[{'")
    runs.add([lamp(1, price_cents=100)])
    caplog.set_level(logging.ERROR)
    try_all(evaluator)
    assert [row["tried_at"] is not None for row in alerts(runs.store)] == [False, True]
    assert len(told(runs.store)) == 1


def test_a_run_that_nobody_tries_is_bad_health(app: Flask, runs: Runs) -> None:
    cheaper(runs)
    jobs = app.extensions["services"].jobs
    runs.store.db.conn.execute("UPDATE notices SET status = 'sent'")
    assert health(jobs)["notices"] == "ok"
    runs.store.db.conn.execute("UPDATE alerts SET next_try_at = ?", (utc_in(-400),))
    assert health(jobs)["notices"].startswith("1 run due and not tried by its alerts")
