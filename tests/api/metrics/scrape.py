"""A scrape as Prometheus makes it."""

from collections.abc import Iterator

from flask import Flask
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from api.runners.heartbeat import beat
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.files.home import var_folder
from category_crawler.pages import Kind
from category_crawler.run.records import Traffic
from category_crawler.times import utc_now
from tests.api.services import BODY

ASKED = Traffic(pages=10, requests=14, retries=4, blocks={Kind.CAPTCHA: 1})
COVERAGE = {"reported_total": 200, "found": 190, "complete": False}


def families(app: Flask) -> dict[str, Metric]:
    """The metrics of a scrape, by name."""
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200, answer.text
    return {metric.name: metric for metric in text_string_to_metric_families(answer.text)}


def samples(app: Flask) -> Iterator[Sample]:
    """Every line of a scrape."""
    for metric in families(app).values():
        yield from metric.samples


def value(app: Flask, name: str, **labels: str) -> float | None:
    """The value of a line; None if it is not there."""
    found = [one.value for one in samples(app) if (one.name, one.labels) == (name, labels)]
    assert len(found) < 2, "each line is there once"
    return found[0] if found else None


def new_runner(store: Store, user: int) -> Runner:
    """A runner that waits."""
    return store.runners.add_collection(user, "Lamps", StoredRequest(BODY), [])


def with_everything(app: Flask, user: int) -> None:
    """Have something of everything: runs of each stage, a session, a heartbeat, a lane, a disk."""
    store: Store = app.extensions["services"].store
    new_runner(store, user)
    store.runners.start(new_runner(store, user).id, utc_now())
    done = Outcome(Stage.DONE, 190, COVERAGE, traffic=ASKED)
    store.runners.end(new_runner(store, user).id, done)
    failed = Outcome(Stage.FAILED, 3, failed_reason="blocked", traffic=ASKED)
    store.runners.end(new_runner(store, user).id, failed)
    cancelled = Outcome(Stage.FAILED, 0, failed_reason="cancelled", is_stopping=True)
    store.runners.end(new_runner(store, user).id, cancelled)
    store.sessions.add_zipcode(user, "amazon.com.au", "4501", None, lambda: True)
    beat(0.25)
    lanes = var_folder() / "pace"
    lanes.mkdir(exist_ok=True)
    (lanes / "www.amazon.com.au direct").write_bytes(bytes(8))
    # So that the metrics of answers have one, the scrape before counts.
    families(app)


def many_runs(store: Store, user: int, number: int) -> None:
    """Have so many runs that are done, with an attempt and a notice each, of one collection."""
    if not number:
        return
    first = new_runner(store, user)
    store.runners.end(first.id, Outcome(Stage.DONE, 190, COVERAGE, traffic=ASKED))
    db = store.db.conn
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO runners (owner, collection, stage, attempt, asin_count, coverage, created_at, "
        "started_at, finished_at, counted) SELECT owner, collection, stage, attempt, asin_count, "
        "coverage, created_at, started_at, finished_at, counted FROM n JOIN runners ON id = ?",
        (number, first.id),
    )
    db.execute(
        "INSERT OR IGNORE INTO attempts (runner, number, created_at) "
        "SELECT id, 1, created_at FROM runners"
    )
    db.execute(
        "INSERT INTO notices (event, runner, kind, target, status, next_try_at, created_at) "
        "SELECT hex(randomblob(16)), id, 'mail', 'a@example.org', 'sent', created_at, created_at "
        "FROM runners"
    )
