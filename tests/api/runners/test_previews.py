"""Previews over the API, with a real Scrapyd and the stand-in shop."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.runners.previews import KEPT_SECONDS
from api.scrapyd.client import Scrapyd
from api.services import Services
from tests.api.services import BODY, CATEGORY, Caller, Daemon, refresh_all
from tests.crawls import Home
from tests.storefront import Storefront
from tests.waiting import until

PATH = f"{CATEGORY}/preview/"


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["services"]
    return found


@pytest.fixture
def folder(home: Home) -> Path:
    return home.folder / "results" / "reports" / "previews"


def preview(caller: Caller, **fields: Any) -> dict[str, Any]:
    """The preview, once it is ready."""
    answer = until(
        lambda: caller.post(PATH, BODY | fields), lambda answer: answer.status_code != 503, 60
    )
    assert answer.status_code == 200, answer.text
    values: dict[str, Any] = answer.get_json()["data"]
    return values


def listings(shop: Storefront) -> int:
    return sum(request.path.startswith("/s?") for request in shop.requests)


def names(folder: Path) -> set[str]:
    return {path.suffix for path in folder.glob("p*")}


def make_old(folder: Path, seconds: float = KEPT_SECONDS + 1) -> None:
    for path in folder.glob("*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_a_preview_says_what_a_crawl_would_be_like_and_records_nothing(
    app: Flask, alice: Caller, scrapyd: Daemon, shop: Storefront, services: Services, home: Home
) -> None:
    first = alice.post(PATH, BODY)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "2")
    assert "The preview has been started: ask again in 2 s" in first.text
    shown = preview(alice)
    assert (shown["stage"], shown["problem"], shown["warnings"]) == ("done", None, [])
    assert (shown["reported_total"], shown["credits"], shown["spendable"]) == (60, 60, None)
    assert {p["asin"] for p in shown["products"]} <= shop.catalogue.asins()
    assert shown["expected_requests"] > 2
    assert shown["expected_seconds"] >= 0
    assert preview(alice)["made_at"] == shown["made_at"]
    assert listings(shop) == 1, "the same body joins the job that there is"
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 0
    assert services.store.credits.of(alice.user).frozen_credits == 0
    assert [path.name for path in (home.folder / "results").iterdir()] == ["reports"], "no run"


def test_previews_of_users_and_bodies_are_their_own(
    alice: Caller, bob: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    preview(alice)
    preview(bob)
    assert listings(shop) == 2
    assert preview(alice, max_products=5)["credits"] == 5
    assert listings(shop) == 3
    assert preview(alice, name="Lamps", priority="High")["reported_total"] == 60
    assert listings(shop) == 3, "neither name nor priority changes what is shown"


def test_few_credits_are_told(alice: Caller, scrapyd: Daemon, services: Services) -> None:
    services.store.credits.grant(alice.user, 10)
    shown = preview(alice, blue=True)
    assert (shown["credits"], shown["spendable"]) == (60, 10)
    assert shown["warnings"] == [
        "blue is not a known field",
        "Your credits pay for 10 products: the run ends there",
    ]


def test_the_pace_is_shared_with_the_runs_of_the_shop(
    alice: Caller, scrapyd: Daemon, shop: Storefront, home: Home
) -> None:
    home.settings("DOWNLOAD_DELAY = 0.3\nAUTOTHROTTLE_ENABLED = false\nCANCEL_GRACE = 2\n")
    alone = preview(alice, max_products=50)
    assert alone["runs_at_the_shop"] == 0
    assert alone["expected_seconds"] == pytest.approx(0.3 * alone["expected_requests"])
    shop.switches.page_size = 16
    collection = alice.schedule()
    alice.until_moving(collection)
    shared = preview(alice, max_products=50)
    if alice.result(collection)["stage"] == "scraping":
        assert shared["runs_at_the_shop"] == 1
        assert shared["expected_seconds"] == pytest.approx(0.6 * shared["expected_requests"])


def test_a_block_is_told(alice: Caller, scrapyd: Daemon, shop: Storefront) -> None:
    shop.switches.block, shop.switches.block_from = "captcha", 1
    shown = preview(alice)
    assert (shown["stage"], shown["failed_reason"]) == ("failed", "blocked")
    assert "captcha" in shown["failed_message"]
    assert (shown["reported_total"], shown["credits"], shown["expected_requests"]) == (None,) * 3


def test_a_session_that_the_shop_has_dropped_is_known_from_then_on(
    alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.expire_sessions()
    assert preview(alice)["failed_reason"] == "location_lost"
    refused = alice.post(PATH, BODY)
    assert (refused.status_code, "has expired" in refused.text) == (400, True)
    refused = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert (refused.status_code, "has expired" in refused.text) == (400, True)


def test_what_is_wrong_is_said_before_anything_starts(
    alice: Caller, scrapyd: Daemon, folder: Path
) -> None:
    wrong = alice.post(PATH, BODY | {"amazon_node_id": "1"})
    assert (wrong.status_code, wrong.get_json()["errors"][0]["field"]) == (400, "amazon_node_id")
    missing = alice.post(PATH, BODY | {"postcode": "2000"})
    assert (missing.status_code, "No cookie file found" in missing.text) == (400, True)
    assert not folder.exists()


def test_nothing_is_left_without_a_scrapyd(alice: Caller, folder: Path) -> None:
    answer: TestResponse = alice.post(PATH, BODY)
    assert answer.status_code == 503
    assert "Nothing was scheduled" in answer.text
    assert names(folder) == set()


def test_a_few_at_a_time_and_a_wait_is_told(
    alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, folder: Path
) -> None:
    for number in (1, 2, 3):
        alice.post(PATH, BODY | {"max_products": number})
    refused = alice.post(PATH, BODY | {"max_products": 4})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert "3 of your previews are being made already" in refused.text
    assert bob.post(PATH, BODY).status_code == 503, "another's do not count"
    waiting = until(
        lambda: alice.post(PATH, BODY | {"max_products": 2}).get_json()["data"],
        lambda said: "waits for a slot" in said,
    )
    assert "as number 2 in the queue" in waiting


def test_what_nobody_asks_for_any_more_is_stopped_and_forgotten(
    app: Flask, alice: Caller, no_slot: None, scrapyd: Daemon, folder: Path, services: Services
) -> None:
    alice.post(PATH, BODY)
    refresh_all(services.jobs)
    assert names(folder) == {".asked"}, "it is not old"
    make_old(folder)
    refresh_all(services.jobs)
    assert names(folder) == set()
    assert until(Scrapyd().states, lambda states: "pending" not in states.values()) == {}


def test_old_answers_and_what_kills_leave_are_removed(
    alice: Caller, scrapyd: Daemon, folder: Path, services: Services
) -> None:
    preview(alice)
    (folder / "p1-0-0.json").write_text("{}")
    (folder / ".p1-0-0.json.x.tmp").write_text("{")
    make_old(folder)
    alice.post(PATH, BODY)
    refresh_all(services.jobs)
    assert len(list(folder.glob("*.json"))) == 1, "one that was asked for just now stays"
    make_old(folder)
    refresh_all(services.jobs)
    assert names(folder) == set()
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_a_killed_preview_is_told_and_not_waited_for(
    alice: Caller, scrapyd: Daemon, shop: Storefront, services: Services
) -> None:
    shop.switches.latency = 30
    alice.post(PATH, BODY)
    job = until(
        lambda: [name for name, state in Scrapyd().states().items() if state == "running"], bool, 60
    )[0]
    until(lambda: shop.requests, bool, 60)
    services.scrapyd.kill(job)
    shown = preview(alice)
    assert (shown["stage"], shown["failed_reason"]) == ("failed", "crashed")
    assert "ended without a report" in shown["failed_message"]


def test_a_preview_of_a_scrapyd_that_forgot_it_is_told(
    alice: Caller, no_slot: None, scrapyd: Daemon, services: Services, folder: Path
) -> None:
    alice.post(PATH, BODY)
    (note,) = folder.glob("*.asked")
    services.scrapyd.stop(note.stem)
    shown = preview(alice)
    assert shown["failed_message"] == "The preview's job was lost or cancelled"


def test_an_answer_is_kept_for_a_while_alone(
    alice: Caller, scrapyd: Daemon, shop: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview(alice)
    with monkeypatch.context() as patch:
        patch.setattr("api.runners.previews.KEPT_SECONDS", 0)
        assert alice.post(PATH, BODY).status_code == 503
    preview(alice)
    assert listings(shop) == 2
