"""Spiders that hang, here stopped by a signal: no state of theirs is without a way out."""

import os
import signal
from collections.abc import Iterator

import pytest
from flask import Flask

from api.runners.lifecycle import Jobs
from category_crawler.process_watch import has_exited
from tests.api.services import ENDED, Caller, Daemon, refresh_all
from tests.crawls import Home
from tests.processes import kill_all_over, spiders_over
from tests.storefront import Storefront
from tests.waiting import until


@pytest.fixture
def jobs(app: Flask, home: Home) -> Iterator[Jobs]:
    """Jobs that count as hung after some seconds."""
    found: Jobs = app.extensions["services"].jobs
    found.settings = found.settings.model_copy(update={"hung_after": 6.0})
    yield found
    kill_all_over(home.folder)


def stopped_orphan(
    alice: Caller, scrapyd: Daemon, home: Home, shop: Storefront, collection: int
) -> int:
    """The PID of a spider that has written rows, is stopped, and whose Scrapyd has been killed."""
    shop.switches.latency = 0.3
    alice.until_moving(collection)
    (spider,) = spiders_over(home.folder)
    os.kill(spider, signal.SIGSTOP)
    scrapyd.kill()
    scrapyd.start()
    shop.switches.latency = 0
    return spider


def test_one_that_is_stopped_before_it_holds_its_lock(
    alice: Caller, scrapyd: Daemon, home: Home, jobs: Jobs
) -> None:
    collection = alice.schedule()
    spider = next(iter(until(lambda: spiders_over(home.folder), bool)))
    os.kill(spider, signal.SIGSTOP)
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert has_exited(spider, within=10)


def test_one_that_is_stopped_and_whose_scrapyd_has_died(
    alice: Caller, scrapyd: Daemon, home: Home, shop: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    spider = stopped_orphan(alice, scrapyd, home, shop, collection)
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert has_exited(spider, within=10)


def test_one_that_is_stopped_and_cancelled_and_whose_scrapyd_has_died(
    app: Flask, alice: Caller, scrapyd: Daemon, home: Home, shop: Storefront, jobs: Jobs
) -> None:
    store = jobs.store
    store.credits.grant(alice.user, 20_000)
    collection = alice.schedule()
    spider = stopped_orphan(alice, scrapyd, home, shop, collection)
    alice.cancel(collection)
    assert store.credits.of(alice.user).frozen_credits > 0
    until(lambda: refresh_all(jobs) or store.runners.open(), lambda runners: not runners)
    assert has_exited(spider, within=10)
    left = store.credits.of(alice.user)
    assert left.frozen_credits == 0
    assert left.used_credits == alice.result(collection)["asin_count"] > 0
