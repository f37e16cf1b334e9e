"""Scrapyd's slots are freed again after jobs that cannot start and after trouble of the machine."""

import json
import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest

from api.scrapyd.client import Scrapyd
from api.scrapyd.job_service import FIRST
from category_crawler.delivery.report import read_report
from tests.api.services import Daemon, daemon, free_port
from tests.crawls import POSTCODE, URL, Home
from tests.processes import spiders_over
from tests.trouble import few_descriptors, locked
from tests.waiting import until

JOB = {"category_url": URL, "max_products": "1"}
SLOTS = os.cpu_count() or 1


@pytest.fixture
def running(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A Scrapyd with one slot per core."""
    port = free_port()
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(port))
    environment = home.environment | {"SCRAPYD_MAX_PROC_PER_CPU": "1"}
    with daemon(home.folder, port, environment) as started:
        yield started


def summary(home: Home, run: str) -> dict[str, object]:
    """The run's summary, once it exists."""
    path = home.folder / "results" / run / "summary.json"
    until(path.exists, bool)
    values: dict[str, object] = json.loads(path.read_bytes())
    return values


def assert_every_slot_works(home: Home) -> None:
    """As many jobs as there are slots must run at the same time and be done."""
    home.shop.switches.block, home.shop.switches.block_from = "hang", 1
    for number in range(SLOTS):
        Scrapyd().run(f"r{900 + number}-1", JOB | {"run": f"9/9/{number}"})
    until(lambda: list(Scrapyd().states().values()).count("running"), lambda n: n == SLOTS)
    home.shop.switches.block = ""
    for number in range(SLOTS):
        assert summary(home, f"9/9/{number}")["stage"] == "done"
    until(Scrapyd().slots, lambda slots: (slots.working, slots.trouble) == (SLOTS, ""))


def test_a_job_that_cannot_be_started_fails_and_frees_its_slot(running: Daemon, home: Home) -> None:
    for number in range(SLOTS + 1):
        Scrapyd().run(f"r{number}-1", JOB | {"run": f"1/1/{number}", "postcode": "45\x0000"})
        Scrapyd().run(f"z{number}-1", {"domain": "a", "suburb": "\x00"}, spider="delivery")
    for number in range(SLOTS + 1):
        said = summary(home, f"1/1/{number}")
        assert (said["stage"], said["failed_reason"]) == ("failed", "not_started")
        assert "null" in str(said["failed_message"]) or "non-string" in str(said["failed_message"])
        report = until(partial(read_report, f"z{number}-1"), bool)
        assert report
        assert report.failed_reason == "not_started"
    assert_every_slot_works(home)


def test_a_short_job_waits_for_no_crawl(running: Daemon, home: Home) -> None:
    scrapyd, crawls = Scrapyd(), {f"r{number}-1" for number in range(SLOTS)}
    for number in range(SLOTS):
        scrapyd.run(f"r{number}-1", JOB | {"run": f"1/1/{number}"})
    for process in until(partial(spiders_over, home.folder), lambda found: len(found) == SLOTS):
        os.kill(process, signal.SIGSTOP)
    scrapyd.run("r9-1", JOB | {"run": "1/1/9"}, priority=2.5)
    for job in ("p1-1", "p2-1"):
        scrapyd.run(job, {"category_url": URL, "postcode": POSTCODE}, FIRST, "preview")
    until(lambda: scrapyd.state("p2-1"), lambda state: state == "finished")
    assert scrapyd.states() == dict.fromkeys(crawls, "running") | {
        "r9-1": "pending",
        "p1-1": "finished",
        "p2-1": "finished",
    }
    assert scrapyd.slots().working == SLOTS


def test_jobs_wait_while_there_are_no_file_descriptors(running: Daemon, home: Home) -> None:
    scrapyd = Scrapyd()
    assert scrapyd.slots().working == SLOTS
    with few_descriptors(running.number):
        scrapyd.run("r1-1", JOB | {"run": "1/1/1"})
        slots = until(scrapyd.slots, lambda slots: slots.trouble)
        assert "Too many open files" in slots.trouble
        assert scrapyd.states() == {"r1-1": "pending"}
        assert not (home.folder / "results" / "1").exists()
    assert summary(home, "1/1/1")["stage"] == "done"
    assert_every_slot_works(home)


def test_slots_outlive_a_locked_history(running: Daemon, home: Home) -> None:
    with locked(home.folder / "var" / "scrapyd" / "jobs.db"):
        assert "locked" in Scrapyd().slots().trouble
        for number in range(SLOTS):
            Scrapyd().run(f"r{number}-1", JOB | {"run": f"1/1/{number}"})
        for number in range(SLOTS):
            assert summary(home, f"1/1/{number}")["stage"] == "done"
        until(Scrapyd().slots, lambda slots: slots.working == SLOTS)
    assert_every_slot_works(home)


def test_jobs_wait_while_the_queue_is_locked(running: Daemon, home: Home) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "hang", 1
    for number in range(SLOTS + 1):
        Scrapyd().run(f"r{number}-1", JOB | {"run": f"1/1/{number}"})
    until(lambda: list(Scrapyd().states().values()).count("running"), lambda n: n == SLOTS)
    with locked(home.folder / "var" / "scrapyd" / "default.db"):
        home.shop.switches.block = ""
        slots = until(Scrapyd().slots, lambda slots: slots.trouble)
        assert "locked" in slots.trouble
    for number in range(SLOTS + 1):
        assert summary(home, f"1/1/{number}")["stage"] == "done"
    assert_every_slot_works(home)
