"""Delivery sessions over the API, with a real Scrapyd and a real browser."""

import os
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.delivery_sessions import Conflict, Sessions
from category_crawler.daemon.address import PROJECT
from category_crawler.delivery.session import DeliverySession, session_file
from category_crawler.domain_config import DOMAINS
from category_crawler.process_watch import has_exited
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, refresh_all
from tests.crawls import BY_SPIDER, DOMAIN, POSTCODE, Home
from tests.processes import spiders_over
from tests.storefront import Storefront
from tests.waiting import until

ZIPCODES = "/api/v1/zipcodes"
ASKED = {"domain": 1, "zipcode": POSTCODE}


@pytest.fixture
def path(app: Flask) -> Path:
    """The example session's file, which is not there."""
    file = session_file(DOMAIN, POSTCODE)
    file.unlink()
    return file


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    found: Sessions = app.extensions["services"].sessions
    return found


def create(caller: Caller, **fields: Any) -> Any:
    return caller.post(f"{ZIPCODES}/create-zipcode/", ASKED | fields)


def only(caller: Caller) -> dict[str, Any]:
    (zipcode,) = caller.post(f"{ZIPCODES}/get-zipcodes/").get_json()["data"]
    values: dict[str, Any] = zipcode
    return values


def made(caller: Caller) -> dict[str, Any]:
    return until(
        lambda: only(caller), lambda zipcode: zipcode["status"] not in ("pending", "in-progress")
    )


def test_a_postcode_becomes_active_and_a_run_uses_it(
    alice: Caller, scrapyd: Daemon, path: Path, shop: Storefront
) -> None:
    answer = create(alice)
    zipcode = answer.get_json()["data"]
    assert zipcode["status"] in ("pending", "in-progress")
    assert zipcode["domain"] == {"id": 1, "domain": DOMAIN, "supplier_type": "scraping"}
    zipcode = made(alice)
    assert (zipcode["status"], zipcode["suburb"]) == ("active", "BRAY PARK")
    assert path.stat().st_mode & 0o777 == 0o600
    result = alice.until(alice.schedule(), *ENDED)
    assert {row["asin"] for row in result["asins"]} == shop.catalogue.asins()
    values = [c["value"] for c in DeliverySession.load(DOMAIN, POSTCODE).cookies]
    secrets = [v for v in values if len(v) > 10]
    assert [v for v in secrets if v in answer.text + str(zipcode) + str(result)] == []


def test_an_unknown_postcode_fails_with_the_shops_message(
    alice: Caller, scrapyd: Daemon, path: Path
) -> None:
    create(alice, zipcode="4599")
    zipcode = made(alice)
    assert zipcode["status"] == "failed"
    assert "Please enter a valid postcode" in zipcode["failed_message"]
    refused = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"postcode": "4599"})
    assert "No cookie file found for amazon.com.au 4599" in refused.get_json()["data"]


def test_ten_creates_at_once_make_one(
    alice: Caller, bob: Caller, scrapyd: Daemon, path: Path, shop: Storefront
) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(create(alice).status_code)) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [409] * 9
    assert create(bob).status_code == 200
    assert made(alice)["status"] == made(bob)["status"] == "active"
    assert sum(request.answered == "change" for request in shop.requests) == 1


def test_a_session_that_is_there_is_active_at_once(alice: Caller, bob: Caller) -> None:
    assert create(alice).get_json()["data"]["status"] == "active"
    assert create(bob).get_json()["data"]["status"] == "active"
    again = create(alice)
    assert (again.status_code, again.get_json()["data"]) == (
        409,
        "Zipcode already exists: amazon.com.au 4500",
    )


def test_a_wish_for_an_older_session_is_not_updated_before_it_was_made(
    app: Flask, alice: Caller, bob: Caller
) -> None:
    create(alice)
    connection = app.extensions["services"].store.db.conn
    connection.execute("UPDATE sessions SET updated_at = '2020-01-01T00:00:00Z'")
    zipcode = create(bob).get_json()["data"]
    assert zipcode["updated_at"] == zipcode["created_at"]


def test_one_postcode_is_one_session(alice: Caller, home: Home) -> None:
    home.make_session("amazon.co.jp", "1000001")
    asked = {"domain": 22, "zipcode": "100-0001"}
    answer = alice.post(f"{ZIPCODES}/create-zipcode/", asked).get_json()["data"]
    assert (answer["zipcode"], answer["status"]) == ("1000001", "active")
    again = alice.post(f"{ZIPCODES}/create-zipcode/", asked | {"zipcode": "1000001"})
    assert again.status_code == 409


def test_another_suburb_of_an_active_postcode_is_refused(
    alice: Caller, bob: Caller, scrapyd: Daemon, path: Path, app: Flask
) -> None:
    create(alice, suburb="strathpine")
    waiting = create(bob, suburb="BRAY PARK")
    assert waiting.status_code == 409
    assert "is being made for strathpine" in waiting.get_json()["data"]
    assert made(alice)["suburb"] == "STRATHPINE"
    refused = create(bob, suburb="BRAY PARK")
    assert (refused.status_code, refused.get_json()["data"]) == (
        409,
        "The session of amazon.com.au 4500 is active for STRATHPINE, and all users share it: "
        "leave out suburb to use it, or have every user delete it (delete-zipcode) and create it "
        "anew",
    )
    assert create(bob, suburb=" Strathpine").status_code == 200
    assert only(bob)["suburb"] == "STRATHPINE"
    alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": only(alice)["id"]})
    assert made(alice)["suburb"] == "STRATHPINE"
    delete(alice)
    delete(bob)
    jobs = app.extensions["services"].jobs
    # The job that has just ended may hold the file for a moment.
    until(lambda: refresh_all(jobs) or path.exists(), lambda is_there: not is_there)
    assert create(bob, suburb="BRAY PARK").status_code == 200
    assert made(bob)["suburb"] == "BRAY PARK"


def test_the_suburb_asked_for_stays_for_the_refresh_of_an_imported_session(
    alice: Caller, scrapyd: Daemon
) -> None:
    assert create(alice, suburb="STRATHPINE").get_json()["data"]["status"] == "active"
    alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": only(alice)["id"]})
    assert made(alice)["suburb"] == "STRATHPINE"
    assert DeliverySession.load(DOMAIN, POSTCODE).about["suburb"] == "STRATHPINE"


def test_a_check_and_create_zipcode_say_the_same_of_an_expired_file(
    alice: Caller,
    scrapyd: Daemon,
    shop: Storefront,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    shop.expire_sessions()
    assert sessions.check_session(DOMAIN, POSTCODE)[0] == "inactive"
    refused = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert (refused.status_code, "has expired" in refused.text) == (400, True)
    assert create(alice).get_json()["data"]["status"] == "pending"
    assert made(alice)["status"] == "active"


def test_a_check_and_create_zipcode_say_the_same_of_an_unreadable_file(
    alice: Caller, scrapyd: Daemon, sessions: Sessions, shop: Storefront
) -> None:
    session_file(DOMAIN, POSTCODE).write_text("[]")
    verdict, why = sessions.check_session(DOMAIN, POSTCODE)
    assert verdict == "inactive"
    assert "holds no cookie of amazon.com.au that is still valid" in why
    assert shop.requests == [], "the shop need not be asked"
    assert create(alice).get_json()["data"]["status"] == "pending"
    assert made(alice)["status"] == "active"


def delete(caller: Caller) -> None:
    number = only(caller)["id"]
    answer = caller.post(f"{ZIPCODES}/delete-zipcode/", {"id": number})
    assert answer.get_json()["data"] == {"id": number, "deleted": True}
    assert caller.post(f"{ZIPCODES}/get-zipcodes/").get_json()["data"] == []


def test_it_is_kept_until_the_last_deletes_it(
    alice: Caller, bob: Caller, home: Home, sessions: Sessions
) -> None:
    home.make_session(about=BY_SPIDER)
    create(alice)
    create(bob)
    path = session_file(DOMAIN, POSTCODE)
    delete(alice)
    assert path.exists()
    delete(bob)
    assert not path.exists()
    assert sessions.store.sessions.of(DOMAIN, POSTCODE) is None


@pytest.mark.parametrize(
    "about", [None, {"created_at": "2026-01-01T00:00:00Z"}, BY_SPIDER | {"imported": True}]
)
def test_what_the_operator_brought_in_is_never_deleted(
    alice: Caller, home: Home, sessions: Sessions, about: dict[str, Any] | None
) -> None:
    home.make_session(about=about)
    before = session_file(DOMAIN, POSTCODE).read_bytes()
    create(alice)
    delete(alice)
    assert session_file(DOMAIN, POSTCODE).read_bytes() == before
    assert sessions.store.sessions.of(DOMAIN, POSTCODE) is None
    assert create(alice).get_json()["data"]["status"] == "active"


def test_a_run_that_waits_keeps_anothers_session(
    app: Flask,
    alice: Caller,
    bob: Caller,
    no_slot: None,
    scrapyd: Daemon,
    home: Home,
    sessions: Sessions,
) -> None:
    home.make_session(about=BY_SPIDER)
    create(bob)
    collection = alice.schedule()
    delete(bob)
    path, jobs = session_file(DOMAIN, POSTCODE), app.extensions["services"].jobs
    refresh_all(jobs)
    assert path.exists()
    alice.cancel(collection)
    refresh_all(jobs)
    assert not path.exists(), "no run needs it any more"
    assert sessions.store.sessions.of(DOMAIN, POSTCODE) is None
    assert "No cookie file" in alice.post(f"{CATEGORY}/add_schedule/", BODY).text


def test_a_run_keeps_the_session_of_its_own_place_alone(
    app: Flask, alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, home: Home
) -> None:
    home.make_session("amazon.co.uk", "SW1A1AA", BY_SPIDER)
    home.make_session("amazon.com.au", "4500", BY_SPIDER)
    home.make_session("amazon.com.au", "4501", BY_SPIDER)
    create(bob)
    create(bob, zipcode="4501")
    create(bob, domain=6, zipcode="SW1A 1AA")
    url = BODY["category_url"].replace("com.au", "co.uk")
    alice.schedule(category_url=url, domain="amazon.co.uk", postcode="sw1a 1aa")
    for zipcode in bob.post(f"{ZIPCODES}/get-zipcodes/").get_json()["data"]:
        bob.post(f"{ZIPCODES}/delete-zipcode/", {"id": zipcode["id"]})
    assert session_file("amazon.co.uk", "SW1A1AA").exists()
    assert not session_file("amazon.com.au", "4500").exists()
    assert not session_file("amazon.com.au", "4501").exists()


def test_who_asks_again_for_a_kept_session_has_it(
    app: Flask, alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, home: Home
) -> None:
    home.make_session(about=BY_SPIDER)
    create(bob)
    collection = alice.schedule()
    delete(bob)
    assert create(bob).get_json()["data"]["status"] == "active"
    alice.cancel(collection)
    refresh_all(app.extensions["services"].jobs)
    assert session_file(DOMAIN, POSTCODE).exists()


def test_schedules_beside_deletions_never_lose_their_session(
    app: Flask, alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, home: Home
) -> None:
    path = session_file(DOMAIN, POSTCODE)
    for _ in range(8):
        home.make_session(about=BY_SPIDER)
        create(bob)
        number = only(bob)["id"]
        gate, answers = threading.Barrier(2), []

        def schedule(gate: threading.Barrier = gate, answers: list[int] = answers) -> None:
            gate.wait()
            answers.append(alice.post(f"{CATEGORY}/add_schedule/", BODY).status_code)

        def forget(gate: threading.Barrier = gate, number: int = number) -> None:
            gate.wait()
            bob.post(f"{ZIPCODES}/delete-zipcode/", {"id": number})

        threads = [threading.Thread(target=schedule), threading.Thread(target=forget)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert path.exists() is (answers == [200]), answers
        for runner in app.extensions["services"].store.runners.open():
            alice.cancel(runner.collection.id)
        refresh_all(app.extensions["services"].jobs)
        assert not path.exists()


def test_cookies_of_a_job_that_nobody_waits_for_go(
    app: Flask, alice: Caller, scrapyd: Daemon, path: Path, sessions: Sessions
) -> None:
    create(alice)
    # As if Scrapyd were away just then: the job is not stopped.
    sessions.store.sessions.remove_zipcode(only(alice)["id"])
    until(path.exists, bool)
    until(
        lambda: (
            refresh_all(app.extensions["services"].jobs)
            or sessions.store.sessions.of(DOMAIN, POSTCODE)
        ),
        lambda session: session is None,
    )
    assert not path.exists()


def test_a_deletion_while_the_session_is_made_leaves_nothing(
    app: Flask, alice: Caller, bob: Caller, scrapyd: Daemon, path: Path, sessions: Sessions
) -> None:
    create(alice)
    until(lambda: only(alice)["status"], lambda status: status == "in-progress")
    delete(alice)
    assert create(bob).get_json()["data"]["status"] == "pending", "a job of its own"
    assert made(bob)["status"] == "active"
    delete(bob)
    until(
        lambda: (
            refresh_all(app.extensions["services"].jobs)
            or sessions.store.sessions.of(DOMAIN, POSTCODE)
        ),
        lambda session: session is None,
    )
    assert not path.exists()


def test_a_refresh_that_fails_leaves_the_operators_cookies(
    alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    before = session_file(DOMAIN, POSTCODE).read_bytes()
    create(alice)
    shop.switches.keep_location = True
    alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": only(alice)["id"]})
    assert made(alice)["status"] == "failed"
    assert session_file(DOMAIN, POSTCODE).read_bytes() == before
    delete(alice)
    assert session_file(DOMAIN, POSTCODE).read_bytes() == before


def test_what_took_the_place_of_the_operators_cookies_is_kept_as_they_were(
    app: Flask, alice: Caller, scrapyd: Daemon, sessions: Sessions
) -> None:
    before = session_file(DOMAIN, POSTCODE).read_bytes()
    create(alice)
    alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": only(alice)["id"]})
    assert made(alice)["status"] == "active"
    delete(alice)
    until(
        lambda: (
            refresh_all(app.extensions["services"].jobs)
            or sessions.store.sessions.of(DOMAIN, POSTCODE)
        ),
        lambda session: session is None,
    )
    assert session_file(DOMAIN, POSTCODE).read_bytes() != before


def test_a_session_that_goes_while_a_schedule_waits_to_be_recorded_is_missed(
    alice: Caller, no_slot: None, scrapyd: Daemon, home: Home, sessions: Sessions
) -> None:
    other = sqlite3.connect(home.folder / "var" / "api.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(alice.post(f"{CATEGORY}/add_schedule/", BODY).status_code)
    )
    thread.start()
    thread.join(1)
    assert answers == [], "it waits for the database"
    session_file(DOMAIN, POSTCODE).unlink()
    other.execute("COMMIT")
    other.close()
    thread.join()
    assert answers == [400]
    assert sessions.store.runners.open() == []


@pytest.mark.parametrize("call", ["refresh-zipcode", "delete-zipcode"])
def test_anothers_is_not_found(alice: Caller, bob: Caller, call: str) -> None:
    create(alice)
    assert bob.post(f"{ZIPCODES}/{call}/", {"id": only(alice)["id"]}).status_code == 404
    assert bob.post(f"{ZIPCODES}/get-zipcodes/").get_json()["data"] == []
    assert only(alice)["status"] == "active"


def test_refreshing_makes_it_anew(alice: Caller, scrapyd: Daemon) -> None:
    create(alice)
    before = session_file(DOMAIN, POSTCODE).read_bytes()
    number = {"id": only(alice)["id"]}
    assert alice.post(f"{ZIPCODES}/refresh-zipcode/", number).status_code == 200
    assert alice.post(f"{ZIPCODES}/refresh-zipcode/", number).status_code == 409
    assert made(alice)["status"] == "active"
    assert session_file(DOMAIN, POSTCODE).read_bytes() != before


def test_scrapyd_away_leaves_nothing_behind(alice: Caller, path: Path) -> None:
    assert create(alice).status_code == 503
    assert alice.post(f"{ZIPCODES}/get-zipcodes/").get_json()["data"] == []


def test_scrapyd_away_leaves_a_refreshed_one_as_it_was(alice: Caller) -> None:
    create(alice)
    answer = alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": only(alice)["id"]})
    assert answer.status_code == 503
    assert only(alice)["status"] == "active"


def test_a_run_that_cannot_renew_its_session_makes_it_inactive(
    alice: Caller, scrapyd: Daemon, shop: Storefront, home: Home, sessions: Sessions
) -> None:
    create(alice)
    shop.expire_sessions()
    shop.switches.keep_location = True
    result = alice.until(alice.schedule(), *ENDED)
    assert (result["failed_reason"], result["asin_count"]) == ("location_lost", 0)
    assert only(alice)["status"] == "inactive"
    refused = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert (refused.status_code, "has expired" in refused.text) == (400, True)
    home.make_session()
    assert only(alice)["status"] == "active", "another file took the bad one's place"


def test_an_upgrade_wakes_no_session_that_had_expired(
    alice: Caller, home: Home, sessions: Sessions
) -> None:
    create(alice)
    status = session_file(DOMAIN, POSTCODE).stat()
    older = f"{status.st_mtime_ns:x}-{status.st_ino:x}"
    sessions.expire(DOMAIN, POSTCODE, older)
    session = sessions.store.sessions.of(DOMAIN, POSTCODE)
    assert session is not None
    assert session.bad_version == older
    assert only(alice)["status"] == "inactive"
    refused = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert (refused.status_code, "has expired" in refused.text) == (400, True)
    home.make_session(about=BY_SPIDER)
    assert only(alice)["status"] == "active"


def test_checks_tell_expired_from_blocked(
    alice: Caller,
    shop: Storefront,
    home: Home,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    create(alice)
    assert sessions.check_session(DOMAIN, POSTCODE)[0] == "active"
    shop.expire_sessions()
    shop.switches.home_block = "captcha"
    status, why = sessions.check_session(DOMAIN, POSTCODE)
    assert (status, "captcha" in why) == ("unknown", True)
    assert only(alice)["status"] == "active"
    shop.switches.home_block = ""
    assert sessions.check_session(DOMAIN, POSTCODE)[0] == "inactive"
    assert only(alice)["status"] == "inactive"


def test_a_job_cancelled_on_the_console_has_failed(
    app: Flask, alice: Caller, scrapyd: Daemon, path: Path, shop: Storefront
) -> None:
    shop.switches.popover = False
    create(alice)
    jobs = app.extensions["services"].jobs
    until(lambda: only(alice)["status"], lambda status: status == "in-progress")
    jobs.scrapyd.stop("z1-1")
    until(lambda: refresh_all(jobs) or only(alice)["status"], lambda status: status == "failed")
    assert only(alice)["failed_message"]


def test_a_stopped_job_whose_scrapyd_has_died_holds_nothing_up(
    app: Flask, alice: Caller, scrapyd: Daemon, path: Path, shop: Storefront, home: Home
) -> None:
    shop.switches.popover = False
    create(alice)
    until(lambda: [r for r in shop.requests if r.answered == "home"], bool)
    (spider,) = spiders_over(home.folder)
    os.kill(spider, signal.SIGSTOP)
    scrapyd.kill()
    scrapyd.start()
    shop.switches.popover = True
    zipcode = made(alice)
    assert (zipcode["status"], zipcode["failed_message"]) == (
        *("failed", "The delivery job was lost or cancelled"),
    )
    assert has_exited(spider, within=10)
    alice.post(f"{ZIPCODES}/refresh-zipcode/", {"id": zipcode["id"]})
    assert made(alice)["status"] == "active"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "domain"),
        ({"domain": "1"}, "domain"),
        ({"domain": 99}, "domain"),
        ({"domain": 23}, "zipcode"),
        ({"zipcode": 4500}, "zipcode"),
        ({"zipcode": "../4500"}, "zipcode"),
        ({"zipcode": "4500\n"}, "zipcode"),
        ({"zipcode": ""}, "zipcode"),
        ({"suburb": ""}, "suburb"),
        ({"suburb": 1}, "suburb"),
    ],
)
def test_a_wrong_field_is_named(alice: Caller, body: dict[str, Any], names: str) -> None:
    answer = alice.post(f"{ZIPCODES}/create-zipcode/", (ASKED | body) if body else {})
    assert answer.status_code == 400
    assert names in answer.get_json()["data"]


def test_a_stopped_delivery_job_is_killed_and_frees_its_slot(
    app: Flask, alice: Caller, scrapyd: Daemon, path: Path
) -> None:
    hasty = create_app(Settings(hung_after=1, lost_after=1))
    door = hasty.extensions["services"].sessions.scrapyd
    create(alice)
    (job,) = until(lambda: door.jobs(PROJECT)["running"], bool)
    os.kill(job["pid"], signal.SIGSTOP)

    def look() -> dict[str, Any]:
        refresh_all(hasty.extensions["services"].jobs)
        return only(alice)

    zipcode = until(look, lambda zipcode: zipcode["status"] == "failed")
    assert "hung and was killed" in zipcode["failed_message"]
    slots = until(door.slots, lambda slots: slots.working == slots.slots)
    assert slots.slots > 0
    until(lambda: door.jobs(PROJECT)["running"], lambda running: not running)


def test_the_suburbs_offered_are_kept_and_one_can_be_chosen(
    alice: Caller, bob: Caller, scrapyd: Daemon, path: Path, sessions: Sessions, home: Home
) -> None:
    shop = DOMAINS[DOMAIN]
    sessions.make(alice.user, shop, POSTCODE, None)
    zipcode = made(alice)
    assert zipcode["suburbs"] == ["BRAY PARK", "STRATHPINE", "CASHMERE"]
    assert zipcode["suburb"] == "BRAY PARK"
    sessions.make(alice.user, shop, POSTCODE, "Strathpine")
    assert made(alice)["suburb"] == "STRATHPINE"
    create(bob)
    with pytest.raises(Conflict, match="stays at STRATHPINE: other users or open runs need it"):
        sessions.make(alice.user, shop, POSTCODE, "BRAY PARK")
    sessions.make(alice.user, shop, POSTCODE, None)
    assert made(bob)["suburb"] == "STRATHPINE", "it was only made again"


def test_a_suburb_that_is_not_offered_leaves_the_list_to_choose_from(
    alice: Caller, scrapyd: Daemon, path: Path, sessions: Sessions
) -> None:
    create(alice, suburb="NOWHERE")
    zipcode = made(alice)
    assert (zipcode["status"], zipcode["suburbs"]) == (
        "failed",
        ["BRAY PARK", "STRATHPINE", "CASHMERE"],
    )
    sessions.make(alice.user, DOMAINS[DOMAIN], POSTCODE, "STRATHPINE")
    assert made(alice)["status"] == "active"
