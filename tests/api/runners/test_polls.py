"""What a poll may do: no write where nothing has changed."""

import sqlite3

from flask import Flask

from api.runners.lifecycle import Jobs
from tests.api.services import Caller, Daemon
from tests.crawls import Home
from tests.storefront import Storefront


def test_a_poll_of_a_running_job_waits_for_no_writer(
    app: Flask, alice: Caller, scrapyd: Daemon, shop: Storefront, home: Home
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    collection = alice.schedule()
    alice.until_moving(collection)
    app.extensions["services"].store.db.conn.execute("PRAGMA busy_timeout = 50")
    writer = sqlite3.connect(home.folder / "var" / "api.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert alice.result(collection)["stage"] == "scraping"
    writer.close()


def test_a_job_found_in_the_queue_is_no_more_missing(
    app: Flask, alice: Caller, no_slot: None, scrapyd: Daemon
) -> None:
    jobs: Jobs = app.extensions["services"].jobs
    collection = alice.schedule()
    runner = alice.result(collection)["id"]
    jobs.store.runners.set_missing(runner, "2000-01-01T00:00:00Z")
    assert alice.result(collection)["stage"] == "queued"
    found = jobs.store.runners.get(runner)
    assert found is not None
    assert found.missing_since is None
