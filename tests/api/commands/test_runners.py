"""Continuing failed runs and pruning old ones, as the operator types it."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api.runners.attempts import folder_of, run_name
from api.runners.lifecycle import Jobs
from api.runners.prune import pruned
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from category_crawler.errors import Cancelled
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, flask
from tests.crawls import Home
from tests.storefront import Storefront
from tests.waiting import until


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.fixture
def lost(alice: Caller, scrapyd: Daemon, shop: Storefront, home: Home) -> int:
    """A collection whose run failed after its first page, for a session that the shop forgot."""
    shop.switches.wrong_location_from = 2
    home.settings((home.folder / "settings.toml").read_text() + "SESSION_RENEWALS = 0\n")
    collection = alice.schedule()
    assert alice.until(collection, *ENDED)["failed_reason"] == "location_lost"
    shop.switches.wrong_location_from = 0
    return collection


def test_a_failed_run_goes_on_as_a_new_one(
    alice: Caller, lost: int, jobs: Jobs, shop: Storefront
) -> None:
    failed = alice.result(lost)
    before = (folder_of(_runner(jobs, failed["id"])).path / "products.part").read_bytes()
    asked = len(shop.listing_requests)
    resumed = flask("runners", "resume", str(failed["id"]))
    assert resumed.returncode == 0, resumed.stderr
    number = int(resumed.stdout)
    assert number > failed["id"]
    result = alice.until(lost, *ENDED)
    assert (result["id"], result["stage"], result["asin_count"]) == (number, "done", 60)
    assert len({row["asin"] for row in result["asins"]}) == 60
    assert len(shop.listing_requests) == asked + 2, "the first page is not fetched again"
    old = folder_of(_runner(jobs, failed["id"])).path / "products.part"
    assert old.read_bytes() == before, "the old run stays as it is"
    link = failed["download_links"]["pages"][0].removeprefix("http://localhost")
    assert len(alice.get(link).get_json()) == 24


def test_rows_that_were_paid_for_are_not_paid_again(alice: Caller, lost: int, jobs: Jobs) -> None:
    jobs.store.credits.grant(alice.user, 1_000)
    used = jobs.store.credits.of(alice.user).used_credits
    flask("runners", "resume", str(alice.result(lost)["id"]))
    assert alice.until(lost, *ENDED)["stage"] == "done"
    after = jobs.store.credits.of(alice.user)
    assert (after.used_credits, after.frozen_credits) == (used + 36, 0)


@pytest.mark.parametrize("number", [str(2**63), "9" * 30])
def test_a_number_beyond_all_runners_is_no_runner(app: Flask, number: str) -> None:
    said = flask("runners", "resume", number)
    assert (said.returncode, "Traceback" in said.stderr) == (2, False)


def test_what_cannot_go_on_is_said(alice: Caller, scrapyd: Daemon, jobs: Jobs) -> None:
    done = alice.until(alice.schedule(), *ENDED)
    assert "is done" in flask("runners", "resume", str(done["id"])).stderr
    assert "no runner 99" in flask("runners", "resume", "99").stderr
    cancelled = alice.schedule()
    alice.cancel(cancelled)
    said = flask("runners", "resume", str(alice.result(cancelled)["id"]))
    assert (said.returncode, "was cancelled" in said.stderr) == (1, True)
    assert "Traceback" not in said.stderr


def test_pruning_takes_files_and_keeps_what_became_of_them(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    result = alice.until(collection, *ENDED)
    link = result["download_links"]["pages"][0].removeprefix("http://localhost")
    assert flask("prune", "--older-than", "1d").stdout == "Files of 0 runs removed\n"
    assert alice.get(link).status_code == 200
    renewal = home.folder / "var/logs/default/delivery/renewal-1.log"
    renewal.parent.mkdir(parents=True, exist_ok=True)
    renewal.touch()
    until(lambda: pruned(jobs.store, -5), lambda count: count == 1)
    after = alice.result(collection)
    assert (after["stage"], after["asin_count"], after["asins"]) == ("done", 60, [])
    assert after["coverage"] == result["coverage"]
    assert after["download_links"] == {"pages": [], "all_pages": ""}
    gone = alice.get(link)
    assert gone.status_code == 404
    assert "removed" in gone.get_json()["data"]
    assert not list((home.folder / "var/logs").rglob("r*.log"))
    assert not (home.folder / "results/1" / str(collection)).exists()
    assert pruned(jobs.store, -5) == 0


def test_pruning_lists_each_folder_once_whatever_the_number_of_runs(
    alice: Caller, store: Store, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, downloads = home.folder / "var/logs/default/category", home.folder / "var/downloads"
    for folder in (logs, downloads):
        folder.mkdir(parents=True)
    for _ in range(30):
        runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
        store.runners.end(runner.id, Outcome.failed(Cancelled("Cancelled by user"), 0))
        (home.folder / "results" / run_name(runner)).mkdir(parents=True)
        (logs / f"r{runner.id}-1.log").touch()
        (logs / f"r{runner.id}-2.log").touch()
        (downloads / f"{runner.id}-abc.csv").touch()
    (logs / "other.log").touch()
    listed: list[Path] = []
    real = Path.glob

    def counted(folder: Path, pattern: str) -> Iterator[Path]:
        listed.append(folder)
        return real(folder, pattern)

    monkeypatch.setattr(Path, "glob", counted)
    assert pruned(store, -5) == 30
    assert len(listed) < 10
    left = [*logs.iterdir(), *downloads.iterdir(), *(home.folder / "results").rglob("*/*/*")]
    assert left == [logs / "other.log"]


def test_rows_that_outlived_the_database_are_not_a_new_users(
    alice: Caller, scrapyd: Daemon, home: Home
) -> None:
    """They stay for the operator, beside the new run."""
    stranger = home.crawl(run="strange", max_products=20)
    place = home.folder / "results" / "1" / "1"
    place.mkdir(parents=True)
    stranger.folder.rename(place / "1")
    result = alice.until(alice.schedule(max_products=5), *ENDED)
    assert result["id"] == 1
    assert (result["stage"], result["asin_count"]) == ("done", 5)
    assert len(json.loads((place / "1.other" / "category_asins.json").read_bytes())) == 20


@pytest.mark.parametrize("age", ["30", "d", "-1d", "30 days", "1e9d"])
def test_an_age_must_be_one(app: Flask, age: str) -> None:
    refused = flask("prune", "--older-than", age)
    assert refused.returncode == 2
    assert "30d, 12h or 2w" in refused.stderr


def test_a_locked_database_is_said_in_an_envelope(
    app: Flask, alice: Caller, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.post(f"{CATEGORY}/list/")
    app.extensions["services"].store.db.conn.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(home.folder / "var" / "api.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    other.execute("ROLLBACK")
    other.close()
    assert answer.status_code == 503
    assert answer.get_json()["data"].startswith("The database is busy")


def test_a_results_folder_that_cannot_be_written_ends_the_run(
    alice: Caller, scrapyd: Daemon, home: Home
) -> None:
    results = home.folder / "results"
    results.write_text("a file in the way")
    result = alice.until(alice.schedule(), *ENDED)
    assert (result["stage"], result["failed_reason"], result["asin_count"]) == (
        *("failed", "crashed", 0),
    )


def _runner(jobs: Jobs, number: int) -> Runner:
    found = jobs.store.runners.get(number)
    assert found is not None
    return found
