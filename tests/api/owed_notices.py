"""Notices that tests owe: of runs that have ended, kept in the store until they are delivered."""

from typing import Any

from api.notices.outbox import Notices
from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.run.writer import Run
from category_crawler.times import utc_in
from tests.records import product, summary

REQUEST = {"domain": "amazon.com.au", "postcode": "4500"}


def ended(
    store: Store, user: int, stage: str = "done", name: str = "Lamps", **request: Any
) -> Runner:
    """A runner that has kept two products and ended."""
    runner = store.runners.add_collection(user, name, StoredRequest(REQUEST | request), [])
    run = Run.create(folder_of(runner).path, {})
    run.keep([product(1), product(2)])
    run.finish(summary())
    run.close()
    failed = {"failed_reason": "blocked", "failed_message": "The site asks for a captcha"}
    why = "every one was served" if stage == "done" else failed["failed_message"]
    coverage = {"complete": stage == "done", "why": why, "reported_total": 2}
    values = {"asin_count": 2, "coverage": coverage, "node_name": "Lighting"} | (
        failed if stage == "failed" else {}
    )
    store.runners.end(runner.id, Outcome(Stage(stage), **values))
    return store.runners.get(runner.id) or runner


def kept(store: Store) -> list[dict[str, Any]]:
    """Every notice, whatever became of it."""
    return list(store.db["notices"].rows)


def make_due(store: Store) -> None:
    """Have every pause between tries be over."""
    store.db.conn.execute("UPDATE notices SET next_try_at = ?", (utc_in(-1),))


def deliver_all(notices: Notices) -> None:
    """Try what is due until nothing is."""
    while notices.deliver_next():
        pass
