"""Scrapyd as this project configures it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.scrapyd.client import Scrapyd
from tests.api.services import Daemon, daemon, free_port
from tests.crawls import URL, Home
from tests.processes import spiders_over
from tests.waiting import until

JOB = {"category_url": URL, "max_products": "1"}


@pytest.fixture
def rarely_polling(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A Scrapyd whose timer polls the queue at the start, and then not during the test."""
    port = free_port()
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(port))
    environment = home.environment | {"SCRAPYD_POLL_INTERVAL": "3600"}
    with daemon(home.folder, port, environment) as running:
        yield running


def test_a_job_starts_when_it_comes_and_waits_for_no_poll(
    rarely_polling: Daemon, home: Home
) -> None:
    Scrapyd().run("r1-1", JOB | {"run": "1/1/1"})
    until((home.folder / "results" / "1" / "1" / "1" / "summary.json").exists, bool)


def test_a_job_that_comes_while_scrapyd_ends_waits_for_the_next(
    rarely_polling: Daemon, home: Home
) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "hang", 1
    scrapyd = Scrapyd()
    scrapyd.run("r1-1", JOB | {"run": "1/1/1"})
    until(lambda: home.shop.listing_requests, bool)
    assert rarely_polling.process is not None
    # Its spider hangs and ignores signals, so Scrapyd waits and keeps connections open.
    rarely_polling.process.terminate()
    scrapyd.run("r2-1", JOB | {"run": "1/2/2"})
    rarely_polling.process.wait(30)
    assert not (home.folder / "results" / "1" / "2" / "2").exists()
    home.shop.switches.block = ""
    rarely_polling.start()
    until((home.folder / "results" / "1" / "2" / "2" / "summary.json").exists, bool)


def test_a_spider_gets_no_secret_of_the_api(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "hang", 1
    port = free_port()
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(port))
    given = {"CATEGORY_CRAWLER_SMTP_PASSWORD": "hush", "CATEGORY_CRAWLER_CONTACT": "me@example.org"}
    with daemon(home.folder, port, home.environment | given):
        Scrapyd().run("r1-1", JOB | {"run": "1/1/1"})
        until(lambda: home.shop.listing_requests, bool)
        (spider,) = spiders_over(home.folder)
        environment = Path("/proc", str(spider), "environ").read_bytes()
    assert b"hush" not in environment
    assert b"CATEGORY_CRAWLER_CONTACT=me@example.org" in environment
