"""The history of products over runs: what changed, by whom it was seen, and what stays."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from flask import Flask

from api.products import history
from api.products.history import history_folder, remove_months
from api.runners.attempts import folder_of
from api.runners.prune import pruned
from api.store.records import Outcome, Runner
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.items import Product
from category_crawler.run.writer import Run
from tests.api.routes.test_results import Kept
from tests.api.services import CATEGORY, Caller
from tests.crawls import Home
from tests.records import product, summary

PATH = f"{CATEGORY}/history/"
ASIN = product(1).asin


class Recorded:
    """A collection whose runs end on given days and are recorded."""

    def __init__(self, app: Flask, owner: Caller, **request: Any) -> None:
        request = {"domain": "amazon.com.au", "postcode": "4500"} | request
        self.services = app.extensions["services"]
        self.store = self.services.store
        self.first: Runner | None = Kept(app, owner, **request).runner
        self.collection = self.first.collection.id
        self.owner = owner

    def end(self, day: str, products: list[Product], stage: Stage = Stage.DONE) -> Runner:
        """A run that ends on a day, not recorded yet."""
        runner = self.first or self.store.runners.add_again(
            self.store.runners.newest(self.owner.user, self.collection),
            1,
            lambda: None,
            lambda _: None,
        )
        self.first = None
        run = Run.create(folder_of(runner).path, {})
        run.keep(products)
        if stage is Stage.DONE:
            run.finish(summary(asin_count=run.kept))
        run.close()
        outcome = Outcome(stage, asin_count=run.kept, finished_at=f"{day}T06:00:00Z")
        self.store.runners.end(runner.id, outcome)
        ended: Runner = self.store.runners.get(runner.id)
        return ended

    def add(self, day: str, **values: Any) -> Runner:
        runner = self.end(day, [product(1, **values), product(2)])
        assert self.services.archive.record_all() == 1
        return runner

    def series(self, asin: str = ASIN, **fields: Any) -> list[dict[str, Any]]:
        answer = self.owner.post(PATH, {"asin": asin, **fields})
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["data"]["asin"] == asin
        found: list[dict[str, Any]] = answer.get_json()["data"]["series"]
        return found

    def points(self, asin: str = ASIN) -> list[dict[str, Any]]:
        ((one),) = self.series(asin)
        points: list[dict[str, Any]] = one["points"]
        return points

    @property
    def months(self) -> list[Path]:
        return sorted(history_folder(self.owner.user, self.collection).glob("*.parquet"))


@pytest.fixture
def runs(app: Flask, alice: Caller) -> Recorded:
    return Recorded(app, alice)


def test_a_point_is_where_something_changed(runs: Recorded) -> None:
    first = runs.add("2026-10-30", price_cents=1000, in_stock=True, position=3)
    runs.add("2026-10-31", price_cents=1000, in_stock=True, position=3)
    runs.add("2026-11-01", price_cents=1000, in_stock=True, position=3)
    second = runs.add("2026-11-02", price_cents=900, in_stock=True, position=3)
    third = runs.add("2026-11-03", price_cents=900, in_stock=False, position=None)
    fourth = runs.add("2026-11-04", price_cents=900, list_price_cents=1000, in_stock=False)
    points = runs.points()
    assert [point["runner_id"] for point in points] == [*(first.id, second.id, third.id, fourth.id)]
    assert points[1] == {
        "at": "2026-11-02T06:00:00Z",
        "runner_id": second.id,
        "price_cents": 900,
        "list_price_cents": None,
        "in_stock": True,
        "position": 3,
        "currency": None,
    }
    assert [path.name for path in runs.months] == ["2026-10.parquet", "2026-11.parquet"]
    assert len(runs.points("B000000002")) == 1


def test_it_is_what_a_walk_over_all_runs_tells(runs: Recorded) -> None:
    dice = Random(11)
    seen: dict[str, list[tuple[Any, ...]]] = {}
    for day in [f"2026-{month:02}-{day:02}" for month in (1, 2) for day in range(1, 29, 3)]:
        products = [
            product(number, price_cents=dice.choice([100, 200]), in_stock=dice.choice([True, None]))
            for number in range(20)
            if dice.random() < 0.8
        ]
        for one in products:
            line = seen.setdefault(one.asin, [])
            if not line or line[-1][1:] != (one.price_cents, one.in_stock):
                line.append((f"{day}T06:00:00Z", one.price_cents, one.in_stock))
        runs.end(day, products, dice.choice([Stage.DONE, Stage.FAILED]))
        runs.services.archive.record_all()
    for asin, line in seen.items():
        told = [(one["at"], one["price_cents"], one["in_stock"]) for one in runs.points(asin)]
        assert told == line


def test_only_ones_own_runs_are_told(
    app: Flask, runs: Recorded, alice: Caller, bob: Caller
) -> None:
    runs.add("2026-11-01", price_cents=1)
    other = Recorded(app, alice, domain="amazon.co.uk", postcode="sw1a 1aa")
    other.add("2026-11-01", price_cents=2)
    Recorded(app, bob).add("2026-11-01", price_cents=3)

    def prices(**fields: Any) -> list[int]:
        return [one["points"][0]["price_cents"] for one in runs.series(**fields)]

    assert prices() == [1, 2]
    assert prices(domain="amazon.co.uk") == prices(postcode="SW1A1AA") == [2]
    assert prices(domain="amazon.co.uk", postcode="sw1a 2aa") == []
    assert prices(postcode="4501") == []
    (one,) = runs.series(domain="amazon.co.uk")
    assert (one["collection_id"], one["postcode"]) == (other.collection, "SW1A1AA")
    assert runs.series("B000000009") == []
    answer = alice.post(PATH, {"asin": ASIN.lower()}).get_json()["data"]
    assert (answer["asin"], answer["series"]) == (ASIN, runs.series())


def test_it_outlives_the_files_of_the_runs(runs: Recorded, home: Home) -> None:
    runs.add("2026-11-01", price_cents=1)
    runs.end("2026-11-02", [product(1, price_cents=2)])  # the watcher was not there
    archive = runs.services.archive
    assert pruned(runs.store, 0, record=archive.record) == 2
    assert [point["price_cents"] for point in runs.points()] == [1, 2]
    assert not folder_of(runs.store.runners.get(1)).path.exists()


def test_files_stay_where_the_history_cannot_be_written(
    runs: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    runner = runs.end("2026-11-01", [product(1)])
    folder = history_folder(runs.owner.user, runs.collection)
    folder.write_text("in the way")
    assert pruned(runs.store, 0, record=runs.services.archive.record) == 0
    assert f"The history of runner {runner.id} could not be written" in caplog.text
    assert folder_of(runner).rows.exists()
    folder.unlink()
    assert pruned(runs.store, 0, record=runs.services.archive.record) == 1
    assert len(runs.points()) == 1


def test_a_run_that_is_recorded_twice_is_there_once(runs: Recorded) -> None:
    runs.add("2026-11-01", price_cents=1)
    runner = runs.end("2026-11-02", [product(1, price_cents=2)])
    threads = [threading.Thread(target=runs.services.archive.record, args=(runner,)) for _ in "123"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = duckdb.sql(f"SELECT count(*) FROM '{runs.months[0]}'").fetchall()
    assert count == [(3,)]


def test_a_run_recorded_late_takes_its_place(runs: Recorded) -> None:
    runs.add("2026-11-01", price_cents=1)
    late = runs.end("2026-11-02", [product(1, price_cents=2)])
    last = runs.end("2026-11-03", [product(1, price_cents=1)])
    assert runs.services.archive.record(last)
    assert runs.services.archive.record(late)
    assert [point["price_cents"] for point in runs.points()][:2] == [1, 2]


def test_a_kill_in_the_middle_loses_nothing(runs: Recorded, home: Home) -> None:
    runs.add("2026-11-01", price_cents=1)
    runs.end("2026-11-02", [product(1, price_cents=2)])
    script = (
        "import os, signal\n"
        "from api import create_app\n"
        "from api.store.runners import Runners\n"
        "from category_crawler.files import atomic_write\n"
        "def kill(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "{patch}\n"
        "create_app().extensions['services'].archive.record_all()\n"
    )
    for patch in ("atomic_write.os.replace = kill", "Runners.set_recorded = kill"):
        ended = subprocess.run(
            [sys.executable, "-c", script.format(patch=patch)],
            cwd=PROJECT,
            env=os.environ | home.environment,
            check=False,
        )
        assert ended.returncode == -9
        assert runs.points()[0]["price_cents"] == 1
    assert runs.services.archive.record_all() == 1
    assert [point["price_cents"] for point in runs.points()] == [1, 2]
    assert runs.services.archive.record_all() == 0


def test_a_damaged_month_is_set_aside(runs: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    runs.add("2026-11-01", price_cents=1)
    runs.add("2026-10-01", price_cents=5)
    runs.months[1].write_bytes(b"damaged")
    assert [point["price_cents"] for point in runs.points()] == [5]
    runs.add("2026-11-02", price_cents=2)
    assert [point["price_cents"] for point in runs.points()] == [5, 2]
    assert any(path.name.endswith(".damaged") for path in runs.months[0].parent.iterdir())


def test_old_months_go_if_they_are_told_to(runs: Recorded) -> None:
    for day in ("2025-12-31", "2026-01-31", "2026-02-01"):
        runs.add(day)
    folders = [history_folder(runs.owner.user, runs.collection)]
    assert remove_months(folders, datetime(2026, 1, 31, tzinfo=UTC)) == 1
    assert remove_months(folders, datetime(2026, 2, 2, tzinfo=UTC)) == 1
    assert [path.name for path in runs.months] == ["2026-02.parquet"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "asin"),
        ({"asin": "B0"}, "asin"),
        ({"asin": "B00000000é"}, "it must be ten letters and digits"),
        ({"asin": "B00000000'"}, "asin"),
        ({"asin": ASIN, "domain": "amazon.xyz"}, "domain 'amazon.xyz' is not known"),
        ({"asin": ASIN, "postcode": 4500}, "postcode"),
        ({"asin": ASIN, "postcode": "nowhere"}, "no domain of /settings/domains/ has such a one"),
        ({"asin": ASIN, "domain": "amazon.ae", "postcode": "1"}, "it delivers by city"),
        ({"asin": ASIN, "domain": "amazon.com", "postcode": "4500"}, "on amazon.com it must match"),
    ],
    ids=json.dumps,
)
def test_wrong_fields_are_told(runs: Recorded, fields: dict[str, Any], said: str) -> None:
    answer = runs.owner.post(PATH, fields)
    assert (answer.status_code, said in answer.get_json()["data"]) == (400, True)


def test_the_values_that_make_a_point_are_told(runs: Recorded) -> None:
    assert set(history._VALUES) < set(history.Point.__dataclass_fields__)
