"""The metrics of the service: true, growing, and there whatever else is not."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.metrics.service import ServiceMetrics
from api.runners.attempts import attempt_of
from api.runners.watch import Watcher
from api.services import Services
from api.store.stage import Stage
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.times import utc_in, utc_now
from tests.api.conftest import PATIENCE
from tests.api.metrics.scrape import ASKED, families, new_runner, samples, value, with_everything
from tests.api.services import Caller, Daemon
from tests.cluster.valkey import Valkey
from tests.crawls import Home
from tests.records import progress

P = "category_crawler_"


def test_each_stage_and_reason_is_counted(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    stages = {stage: value(app, f"{P}runs", stage=stage) for stage in ("queued", "scraping")}
    assert stages == {"queued": 1, "scraping": 1}
    assert value(app, f"{P}runs", stage="stopping") == 1
    ended = {
        (one.labels["stage"], one.labels["failed_reason"]): one.value
        for one in samples(app)
        if one.name == f"{P}runs_ended_total" and one.value
    }
    assert ended == {("done", ""): 1, ("failed", "blocked"): 1, ("failed", "cancelled"): 1}
    plain = ("pages", "requests", "retries", "products")
    assert [value(app, f"{P}{name}_total") for name in plain] == [20, 28, 8, 193]
    assert value(app, f"{P}blocks_total", kind="captcha") == 2
    assert value(app, f"{P}lists_total", complete="no") == 1
    assert value(app, f"{P}run_coverage_ratio_bucket", le="0.9") == 0
    assert value(app, f"{P}run_coverage_ratio_bucket", le="0.95") == 1
    assert value(app, f"{P}run_coverage_ratio_bucket", le="+Inf") == 1
    assert value(app, f"{P}run_coverage_ratio_count") == 1
    assert value(app, f"{P}delivery_sessions", state="active") == 1
    assert value(app, f"{P}notices_waiting", kind="mail") == 3


def test_names_and_types_follow_prometheus(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    for metric in families(app).values():
        assert metric.name.startswith(P)
        assert metric.documentation.endswith("."), metric.name
        names = {one.name for one in metric.samples}
        if metric.type == "counter":
            assert names == {f"{metric.name}_total"}
        elif metric.type == "gauge":
            assert names == {metric.name}
            assert not metric.name.endswith("_total") or metric.name.endswith("seconds_total")


def test_labels_are_few_and_name_nobody(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    text = app.test_client().get("/metrics").text
    assert "alice" not in text
    assert "Lamps" not in text
    assert "4851693051" not in text
    # Answers of every test of this process are in the histogram.
    own = [line for line in text.splitlines() if "http_request_duration" not in line]
    assert len(own) < 400


def test_totals_do_not_shrink_when_a_collection_is_deleted(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    before = counters(app)
    store = app.extensions["services"].store
    store.db.conn.execute("UPDATE runners SET is_stopping = 0")
    for collection in store.runners.collections(alice.user):
        store.runners.delete_collection(alice.user, collection.id)
    assert len(store.runners.collections(alice.user)) == 2, "the open ones stay"
    assert counters(app) == before


def test_totals_stay_over_a_restart(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    assert counters(create_app(Settings())) == counters(app)


def counters(app: Flask) -> dict[str, float]:
    """The counters of the service, without those of this process."""
    jobs = app.extensions["services"].jobs
    found = [*ServiceMetrics(jobs, None).collect()]
    counted = [m for m in found if m.type in ("counter", "histogram")]
    return {f"{one.name}{one.labels}": one.value for m in counted for one in m.samples}


def test_a_run_is_counted_while_it_goes_on(app: Flask, alice: Caller) -> None:
    store, jobs = app.extensions["services"].store, app.extensions["services"].jobs
    runner = new_runner(store, alice.user)
    store.runners.start(runner.id, utc_now())
    folder = attempt_of(runner).path
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{}")
    told = progress(3, products_found=72, traffic=ASKED)
    (folder / "progress.json").write_text(json.dumps(told.shown()))
    watcher = Watcher(jobs)
    watcher.refresh_all()
    assert store.runners.get(runner.id).stage is Stage.SCRAPING
    assert value(app, f"{P}requests_total") == 14
    assert value(app, f"{P}products_total") == 72
    # Once every quarter of a minute is enough.
    more = told.model_copy(update={"products_found": 96})
    (folder / "progress.json").write_text(json.dumps(more.shown()))
    watcher.refresh_all()
    assert value(app, f"{P}products_total") == 72
    Watcher(jobs).refresh_all()
    assert value(app, f"{P}products_total") == 96


def test_what_waits_is_measured(app: Flask, alice: Caller) -> None:
    store = app.extensions["services"].store
    new_runner(store, alice.user)
    store.db.conn.execute("UPDATE attempts SET created_at = ?", (utc_in(-90),))
    assert 89 < (value(app, f"{P}queue_oldest_wait_seconds") or 0) < 120
    assert value(app, f"{P}exports_waiting") == 0


def test_a_scrape_without_scrapyd_says_so_and_tells_the_rest(app: Flask, alice: Caller) -> None:
    with_everything(app, alice.user)
    assert value(app, f"{P}up", part="scrapyd") == 0
    assert value(app, f"{P}healthy", part="scrapyd") == 0
    assert value(app, f"{P}slots") is None
    ups = {
        part: value(app, f"{P}up", part=part) for part in ("database", "pace", "watcher", "disk")
    }
    assert set(ups.values()) == {1}
    assert value(app, f"{P}watcher_round_seconds") == 0.25
    assert value(app, f"{P}pace_lanes", shop="www.amazon.com.au") == 1


def test_with_scrapyd_slots_and_queue_are_there(app: Flask, scrapyd: Daemon) -> None:
    assert value(app, f"{P}up", part="scrapyd") == 1
    assert (value(app, f"{P}slots") or 0) > 0
    assert value(app, f"{P}queue_jobs") == 0


@contextmanager
def silent(port: int) -> Iterator[None]:
    """A Scrapyd that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_a_silent_scrapyd_holds_no_scrape_up(app: Flask, alice: Caller) -> None:
    families(app)
    port = int(app.extensions["services"].scrapyd.url.rpartition(":")[2])
    with silent(port):
        began = time.monotonic()
        assert value(app, f"{P}up", part="scrapyd") == 0
        assert time.monotonic() - began < 3


def test_a_broken_database_is_no_server_error(
    app: Flask, alice: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with_everything(app, alice.user)
    app.extensions["services"].store.db.conn.execute("DROP TABLE totals")
    with caplog.at_level(logging.DEBUG):
        assert value(app, f"{P}up", part="database") == 0
    assert "The metrics of the part database are left out: no such table: totals" in caplog.text
    assert value(app, f"{P}runs", stage="queued") is None, "a part is there whole or not at all"
    assert value(app, f"{P}up", part="disk") == 1


def test_wrong_settings_of_the_crawler_are_no_server_error(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: object) -> None:
        raise SystemExit("Wrong settings: x")

    monkeypatch.setattr("api.metrics.service.paces", leave)
    assert value(app, f"{P}up", part="pace") == 0


def test_a_watcher_that_has_not_begun_has_no_age(app: Flask, home: Home) -> None:
    assert value(app, f"{P}up", part="watcher") == 0
    assert value(app, f"{P}watcher_heartbeat_age_seconds") is None
    Path(home.folder / "var" / "watcher.alive").touch()
    assert value(app, f"{P}watcher_round_seconds") == 0, "a version before this one wrote nothing"


def test_a_frozen_engine_holds_no_scrape_up(
    app: Flask, alice: Caller, valkey: Valkey, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    Services.make(PATIENCE).init_app(app)
    nodes.beat(NodeReport("n1", nodes.enroll(), "0.2", 4, "direct", "", clock=time.time()), 60)
    assert value(app, f"{P}node_up", node="n1") == 1
    valkey.freeze()
    began = time.monotonic()
    parts = {one.labels["part"]: one.value for one in samples(app) if one.name == f"{P}up"}
    assert time.monotonic() - began < 5
    assert {part for part, is_up in parts.items() if not is_up} >= {"nodes", "pace", "scrapyd"}
    assert (parts["database"], parts["disk"]) == (1, 1)
