"""Reruns: a further runner of a collection, one at a time, and never of one that was cancelled."""

import threading
from typing import Any

import pytest
from flask import Flask

from api.runners.lifecycle import Jobs
from api.store.records import Outcome
from api.store.stage import Stage
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon
from tests.crawls import DOMAIN, POSTCODE, Home
from tests.storefront import Storefront


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


def rerun(caller: Caller, collection: int) -> tuple[int, Any]:
    """The code and the data of a rerun's answer."""
    answer = caller.post(f"{CATEGORY}/rerun/", {"collection_id": collection})
    return answer.status_code, answer.get_json()["data"]


def end(jobs: Jobs, runner: int, stage: Stage = Stage.DONE, reason: str | None = None) -> None:
    assert jobs.store.runners.end(runner, Outcome(stage, failed_reason=reason))


def test_a_rerun_crawls_anew(alice: Caller, scrapyd: Daemon, shop: Storefront) -> None:
    collection = alice.schedule(name="Lamps", max_products=30)
    first = alice.until(collection, *ENDED)
    code, added = rerun(alice, collection)
    assert (code, added["id"]) == (200, collection)
    assert added.keys() == {"id", "runner_id"}
    second = alice.until(collection, *ENDED)
    assert second["id"] == added["runner_id"] > first["id"]
    assert (second["stage"], second["name"], second["asin_count"]) == ("done", "Lamps", 30)
    assert second["coverage"]["requests"] == first["coverage"]["requests"]
    listed = alice.post(f"{CATEGORY}/list/").get_json()["data"]
    assert (listed["total"], listed["items"][0]["id"]) == (1, second["id"])
    (link,) = first["download_links"]["pages"]
    assert len(alice.get(link.removeprefix("http://localhost")).get_json()) == 30


def test_one_is_open_at_a_time(alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs) -> None:
    collection = alice.schedule()
    first = alice.result(collection)["id"]
    code, said = rerun(alice, collection)
    assert (code, said) == (
        409,
        f"Runner {first} of collection {collection} is queued: wait until it has ended",
    )
    end(jobs, first, Stage.FAILED, "blocked")
    assert rerun(alice, collection)[0] == 200
    assert rerun(alice, collection)[0] == 409


def test_a_cancelled_one_stays_cancelled(alice: Caller, no_slot: None, scrapyd: Daemon) -> None:
    collection = alice.schedule()
    alice.cancel(collection)
    code, said = rerun(alice, collection)
    assert code == 409
    assert said == (
        f"Collection {collection} was cancelled and cannot be run again: schedule the category "
        "anew with add_schedule"
    )
    assert alice.result(collection)["failed_reason"] == "cancelled"


def test_of_simultaneous_reruns_one_starts_a_runner(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs, app: Flask
) -> None:
    collection = alice.schedule()
    end(jobs, alice.result(collection)["id"])
    gate, codes = threading.Barrier(8), list[int]()

    def go() -> None:
        caller = Caller(app.test_client(), alice.key, alice.user)
        gate.wait()
        codes.append(rerun(caller, collection)[0])

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + 7 * [409]
    assert jobs.store.db["runners"].count == 2


def test_it_needs_what_the_first_needed(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    end(jobs, alice.result(collection)["id"])
    jobs.store.credits.grant(alice.user, 0)
    code, said = rerun(alice, collection)
    assert (code, said.partition(" —")[0]) == (402, "Not enough credits")
    jobs.store.credits.grant(alice.user, 5)
    session = home.folder / "cookies" / DOMAIN / f"{POSTCODE}.json"
    session.rename(session.with_suffix(".away"))
    code, said = rerun(alice, collection)
    assert (code, said.partition(":")[0]) == (400, "No cookie file found for amazon.com.au 4500")
    session.with_suffix(".away").rename(session)
    scrapyd.kill()
    code, said = rerun(alice, collection)
    assert (code, said.rpartition(". ")[2]) == (503, "Nothing was scheduled; try again later")
    assert jobs.store.db["runners"].count == jobs.store.db["attempts"].count == 1
    assert jobs.store.credits.of(alice.user).frozen_credits == 0


def test_few_credits_are_told_of_the_run_that_has_few(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    few = "Your credits pay for 5 products: the run ends there"
    jobs.store.credits.grant(alice.user, 5)
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"colour": "red"})
    added = answer.get_json()["data"]
    assert added["warnings"] == ["colour is not a known field", few]
    assert alice.result(added["id"])["warnings"] == added["warnings"]
    end(jobs, added["runner_id"])
    jobs.store.credits.grant_without_limit(alice.user)
    _, again = rerun(alice, added["id"])
    assert again["warnings"] == ["colour is not a known field"]
    assert alice.result(added["id"])["warnings"] == again["warnings"]
    end(jobs, again["runner_id"])
    jobs.store.credits.grant(alice.user, 5)
    assert few in rerun(alice, added["id"])[1]["warnings"]


def test_a_request_of_an_older_version_that_no_longer_fits_is_refused(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    collection = alice.schedule()
    end(jobs, alice.result(collection)["id"])
    jobs.store.db["collections"].update(collection, {"request": '{"domain": "amazon.nowhere"}'})
    code, said = rerun(alice, collection)
    assert code == 400
    assert "category_url is missing" in said
    assert jobs.store.db["runners"].count == 1
