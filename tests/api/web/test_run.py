"""The page of a run: live, at its end, and what can be done then."""

import re

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import User
from category_crawler.run.events import Event, EventKind
from category_crawler.run.writer import Run
from tests.api.services import Caller, Daemon
from tests.api.web.crawls import (
    ended,
    page_of,
    refreshed,
    services_of,
    start,
    stored,
    until_ended,
    until_moving,
)
from tests.api.web.reader import Reader
from tests.storefront import Storefront


def test_a_run_from_its_queue_to_its_end(
    reader: Reader, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 3
    runner = until_moving(app, start(app, ann.id, name="Lamps"))
    shown = reader.get(page_of(runner)).text
    assert 'hx-trigger="every 2s"' in shown
    assert "products found of reported" in shown
    assert re.search(r"The crawl begins</span>", shown)
    live = reader.get(f"{page_of(runner)}live")
    assert "scraping" in live.text
    shop.switches.latency = 0
    until_ended(app, runner)
    over = reader.get(f"{page_of(runner)}live")
    assert (over.headers["HX-Refresh"], over.text) == ("true", "")
    shown = reader.get(page_of(runner)).text
    assert "Done, and complete: every one of the 60 products reported was found." in shown
    assert "every 2s" not in shown
    assert "every 10s" not in shown
    assert "The crawl has come to its end" in shown
    assert '<g class="whole">' in shown
    assert "Run again" in shown
    assert ">Cancel<" not in shown
