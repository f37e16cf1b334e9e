"""Jobs through their lives, with a real Scrapyd and real spiders."""

import json
import os
import signal
import threading
from typing import Any

import pytest
from flask import Flask

from api.runners.lifecycle import Jobs
from api.scrapyd.client import Scrapyd
from api.store.records import Outcome
from category_crawler.errors import Cancelled
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, refresh_all
from tests.crawls import DOMAIN, POSTCODE, Home
from tests.storefront import NODE, Storefront
from tests.storefront.catalogue import NODE_NAMES
from tests.trouble import room_for
from tests.waiting import until


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.fixture
def partly_foreign(shop: Storefront) -> Storefront:
    """The shop, which shows a fifth of its prices in another currency."""
    shop.switches.wrong_currency_from, shop.switches.wrong_currency_share = 1, 0.2
    return shop


@pytest.fixture
def halting(shop: Storefront) -> Storefront:
    """The shop, which hangs from the second listing page on."""
    shop.switches.block, shop.switches.block_from = "hang", 2
    return shop


def test_what_the_spider_warns_of_is_in_the_result(
    alice: Caller, scrapyd: Daemon, partly_foreign: Storefront
) -> None:
    added = alice.post(f"{CATEGORY}/add_schedule", BODY | {"colour": "red"}).get_json()["data"]
    told, met = alice.until(added["id"], *ENDED)["warnings"]
    assert told == "colour is not a known field"
    assert met.startswith("some prices are in USD, not in AUD")


def test_a_schedule_becomes_a_result(
    alice: Caller, scrapyd: Daemon, shop: Storefront, home: Home
) -> None:
    answer = alice.post(f"{CATEGORY}/add_schedule", BODY | {"name": "Lamps", "colour": "red"})
    added = answer.get_json()["data"]
    assert added["warnings"] == ["colour is not a known field"]
    result = alice.until(added["id"], *ENDED)
    assert (result["id"], result["collection"]) == (added["runner_id"], added["id"])
    assert (result["stage"], result["schedule_status"]) == ("done", "Completed")
    assert result["is_download_generated"] is True
    assert result["name"] == "Lamps"
    asked = result["asked"]
    assert {name: asked[name] for name in BODY} == BODY
    assert asked["node_name"] == NODE_NAMES[NODE]
    assert (asked["refinements"], asked["whole"]) == ([], True)
    assert result["warnings"] == added["warnings"]
    assert {row["asin"] for row in result["asins"]} == shop.catalogue.asins()
    assert result["asin_count"] == len(result["asins"]) == 60
    assert result["coverage"]["complete"] is True
    assert result["failed_reason"] is None
    assert result["created_at"] <= result["started_at"] <= result["finished_at"]
    link = f"http://localhost/api/v1/results/{added['id']}/{added['runner_id']}/category_asins.json"
    assert result["download_links"] == {"pages": [link], "all_pages": ""}
    assert alice.get(link.removeprefix("http://localhost")).get_json() == result["asins"]
    folder = home.folder / "results" / str(alice.user) / str(added["id"]) / str(added["runner_id"])
    assert json.loads((folder / "category_asins.json").read_bytes()) == result["asins"]
    assert (home.folder / "var/logs/default/category" / f"r{added['runner_id']}-1.log").exists()


def test_progress_is_whole_from_the_first_moment(
    alice: Caller, no_slot: None, scrapyd: Daemon
) -> None:
    first, second = alice.schedule(), alice.schedule()
    progress = alice.result(first)["progress"]
    assert (
        progress.items()
        >= {
            "current_page": 0,
            "products_found": 0,
            "pages_finished": 0,
            "total_pages": None,
            "seconds_left": None,
            "warnings": [],
        }.items()
    )

    def places(*collections: int) -> list[int | None]:
        return [alice.result(one)["progress"]["queue_position"] for one in collections]

    until(lambda: places(first, second), lambda found: found == [1, 2])
    urgent = alice.schedule(priority="Highest")
    until(lambda: places(urgent, first, second), lambda found: found == [1, 2, 3])
    alice.cancel(first)
    until(lambda: places(urgent, second), lambda found: found == [1, 2])
    ended = alice.result(first)
    assert ended["progress"]["queue_position"] is None
    assert ended["coverage"] == {"complete": False, "why": "Cancelled by user"}


def test_a_run_says_how_long_it_may_take_and_then_that_it_is_over(
    alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 0.8
    collection = alice.schedule()
    moving = alice.until_moving(collection)["progress"]
    assert moving["queue_position"] is None
    assert moving["seconds_left"] >= 0
    shop.switches.latency = 0
    over = alice.until(collection, *ENDED)["progress"]
    assert over["seconds_left"] == 0
    assert over["pages_finished"] == over["total_pages"]


def test_a_run_stopped_by_max_products_is_through(alice: Caller, scrapyd: Daemon) -> None:
    result = alice.until(alice.schedule(max_products=20), *ENDED)
    progress = result["progress"]
    assert (progress["pages_finished"], progress["total_pages"]) == (1, 1)
    assert result["coverage"]["why"] == "the run stopped at max_products 20"


@pytest.mark.parametrize(
    ("settings", "reason", "says"),
    [
        (
            'EXTENSIONS = {"tests.trouble.DyingExtension" = 1}',
            "crashed",
            "the spider could not start: RuntimeError: no licence was found in 'key.pem'",
        ),
        (
            'DOWNLOAD_DELAY = "abc"',
            "invalid_setting",
            "Wrong settings: the setting DOWNLOAD_DELAY must be a number, not 'abc'",
        ),
        ("[", "invalid_setting", "Wrong settings: settings.toml cannot be read: "),
    ],
)
def test_the_last_words_of_a_spider_that_dies_at_its_start(
    alice: Caller, scrapyd: Daemon, home: Home, settings: str, reason: str, says: str
) -> None:
    home.settings(settings)
    result = alice.until(alice.schedule(), *ENDED)
    assert (result["stage"], result["failed_reason"]) == ("failed", reason)
    assert result["failed_message"].startswith(says)
    assert "/" not in result["failed_message"]
    assert result["coverage"] == {"complete": False, "why": result["failed_message"]}


def test_a_failed_run_keeps_what_it_found(alice: Caller, scrapyd: Daemon, shop: Storefront) -> None:
    shop.switches.wrong_location_from = 2
    result = alice.until(alice.schedule(), *ENDED)
    assert (result["stage"], result["failed_reason"]) == ("failed", "location_lost")
    assert POSTCODE in result["failed_message"]
    assert result["asins"] == []
    assert result["is_download_generated"] is False
    assert result["coverage"]["complete"] is False
    (link,) = result["download_links"]["pages"]
    rows = alice.get(link.removeprefix("http://localhost")).get_json()
    assert len(rows) == result["asin_count"] == 24


def test_filters_that_a_domain_lacks_are_named(
    alice: Caller, home: Home, scrapyd: Daemon, shop: Storefront
) -> None:
    home.make_session("amazon.com", "20105")
    answer = alice.post(
        f"{CATEGORY}/add_schedule/",
        BODY
        | {"category_url": BODY["category_url"].replace("com.au", "com"), "domain": "amazon.com"}
        | {"postcode": "20105", "filter_delivery_day": "tomorrow"},
    )
    warnings = answer.get_json()["data"]["warnings"]
    assert warnings == ["filter_delivery_day is not supported on amazon.com and was not applied"]


def test_an_address_as_people_paste_it_keeps_its_filters(
    alice: Caller, scrapyd: Daemon, shop: Storefront, jobs: Jobs
) -> None:
    pasted = BODY["category_url"].replace("/s?", "/-/en/s?") + "&amp;low-price=20&amp;tag=me-21"
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"category_url": pasted})
    (warning,) = answer.get_json()["data"]["warnings"]
    assert "/-/en was taken off" in warning
    result = alice.until(answer.get_json()["data"]["id"], "done")
    assert 0 < result["asin_count"] < 60
    assert all(product["price_cents"] >= 2000 for product in result["asins"])
    assert warning in result["warnings"]


def test_without_a_session_nothing_is_scheduled(alice: Caller, home: Home) -> None:
    (home.folder / "cookies" / DOMAIN / f"{POSTCODE}.json").unlink()
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("No cookie file found for amazon.com.au 4500: ")
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 0


def test_scrapyd_away_means_nothing_half_recorded(alice: Caller) -> None:
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert answer.status_code == 503
    assert "Nothing was scheduled" in answer.get_json()["data"]
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"] == {"total": 0, "items": []}


def test_a_wrong_password_is_scrapyd_refusing(
    app: Flask, alice: Caller, scrapyd: Daemon, jobs: Jobs
) -> None:
    jobs.scrapyd.auth = ("crawler", "wrong")
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert answer.status_code == 502
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 0


def test_priorities_order_the_queue(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    first = [alice.schedule() for _ in range(_slots())]
    for collection in first:
        alice.until(collection, "scraping")
    low = alice.schedule(priority="Lowest")
    high = alice.schedule(priority="Highest")
    assert alice.result(low)["stage"] == alice.result(high)["stage"] == "queued"
    alice.cancel(first[0])
    until(lambda: refresh_all(jobs) or alice.result(high)["stage"], lambda s: s == "scraping")
    assert alice.result(low)["stage"] == "queued"


def _slots() -> int:
    return 2 * (os.cpu_count() or 1)


def test_a_cancelled_run_ends_at_once_and_keeps_its_rows(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    assert alice.cancel(collection) is True
    result = alice.result(collection)
    assert (result["stage"], result["schedule_status"]) == ("failed", "Failed")
    assert (result["failed_reason"], result["failed_message"]) == ("cancelled", "Cancelled by user")
    assert result["asin_count"] == 24
    assert result["coverage"]["complete"] is False
    assert alice.cancel(collection) is False, "it had already ended"
    # The hanging request outlasts the grace time, so that only KILL helps.
    until(lambda: refresh_all(jobs) or _states(jobs), lambda states: "running" not in states)
    refresh_all(jobs)
    assert jobs.store.runners.open() == []
    assert alice.result(collection) == result, "an end never changes"


def test_a_pending_job_is_cancelled_off_the_queue(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    running = [alice.schedule() for _ in range(_slots())]
    for collection in running:
        alice.until(collection, "scraping")
    waiting = alice.schedule()
    assert alice.cancel(waiting) is True
    result = alice.result(waiting)
    assert (result["stage"], result["asin_count"]) == ("failed", 0)
    assert result["download_links"] == {"pages": [], "all_pages": ""}
    assert _states(jobs).count("pending") == 0


def test_a_finished_run_cannot_be_cancelled(alice: Caller, scrapyd: Daemon) -> None:
    collection = alice.schedule()
    before = alice.until(collection, "done")
    assert alice.cancel(collection) is False
    assert alice.result(collection) == before


def test_a_cancel_whose_signal_was_lost_is_finished(
    alice: Caller, scrapyd: Daemon, shop: Storefront, jobs: Jobs, home: Home
) -> None:
    shop.switches.latency = 0.5
    collection = alice.schedule()
    runner = alice.until_moving(collection)
    # What an API that is killed before it calls Scrapyd leaves behind.
    outcome = Outcome.failed(Cancelled("Cancelled by user"), 24, is_stopping=True)
    assert jobs.store.runners.end(runner["id"], outcome)
    until(lambda: refresh_all(jobs) or jobs.store.runners.open(), lambda left: not left)
    (file,) = (home.folder / "results").glob("*/*/*/attempts/1/summary.json")
    summary = json.loads(file.read_bytes())
    assert (summary["failed_reason"], summary["signal"]) == ("cancelled", "SIGINT")


def test_no_note_is_left_of_a_job_that_is_not_there(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    runner = alice.until(collection, "done")
    until(lambda: _states(jobs), lambda states: "running" not in states)
    for job in (f"r{runner['id']}-1", "r999-1"):
        assert jobs.scrapyd.stop(job) is False
    assert [*(home.folder / "results").rglob("cancelled")] == []


def test_one_client_is_told_that_it_cancelled(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    answers: list[bool] = []
    clients = [
        threading.Thread(target=lambda: answers.append(alice.cancel(collection))) for _ in range(8)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(answers) == [False] * 7 + [True]


def test_cancelled_on_the_console(
    alice: Caller, scrapyd: Daemon, shop: Storefront, jobs: Jobs, home: Home
) -> None:
    shop.switches.latency = 1.0
    collection = alice.schedule()
    runner = alice.until_moving(collection)
    jobs.scrapyd.cancel("default", f"r{runner['id']}-1")
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["failed_reason"]) == ("failed", "cancelled")
    assert result["asin_count"] >= 24


def test_taken_off_the_queue_on_the_console(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    running = [alice.schedule() for _ in range(_slots())]
    for collection in running:
        alice.until(collection, "scraping")
    waiting = alice.schedule()
    jobs.scrapyd.cancel("default", f"r{alice.result(waiting)['id']}-1")
    jobs.scrapyd.forget_states()
    result = alice.until(waiting, *ENDED)
    assert (result["failed_reason"], result["failed_message"]) == ("cancelled", "Cancelled by user")


def test_cancelled_on_the_console_in_its_first_moment(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, shop: Storefront
) -> None:
    collection = alice.schedule()
    until(lambda: _states(jobs), lambda states: "running" in states)
    jobs.scrapyd.cancel("default", f"r{alice.result(collection)['id']}-1")
    assert alice.until(collection, *ENDED)["failed_reason"] in ("cancelled", None)
    assert _attempts(jobs, collection) == 1


def test_a_job_cancelled_many_times_keeps_its_rows(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    runner = alice.until_moving(collection)
    for _ in range(3):
        jobs.scrapyd.cancel("default", f"r{runner['id']}-1")
    alice.cancel(collection)
    until(lambda: _states(jobs), lambda states: "running" not in states)
    result = alice.result(collection)
    assert (result["failed_reason"], result["asin_count"]) == ("cancelled", 24)
    log = (home.folder / "var/logs/default/category" / f"r{runner['id']}-1.log").read_text()
    assert "forcing unclean shutdown" not in log
    rows = alice.get(f"/api/v1/results/{collection}/{runner['id']}/category_asins.json")
    assert len(rows.get_json()) == 24


def test_a_job_that_vanishes_at_its_start_is_tried_a_few_times(
    alice: Caller, scrapyd: Daemon, home: Home, jobs: Jobs
) -> None:
    home.settings('EXTENSIONS = {"tests.trouble.VanishingExtension" = 1}')
    collection = alice.schedule()
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["failed_reason"]) == ("failed", "crashed")
    assert "3 times" in result["failed_message"]
    assert result["asin_count"] == 0
    assert _attempts(jobs, collection) == 3


def test_a_killed_spider_is_followed_by_one_that_goes_on(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    spider = _spider(jobs)
    halting.switches.block = ""
    os.kill(spider, signal.SIGKILL)
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert len({row["asin"] for row in result["asins"]}) == 60
    pages = [request.path for request in halting.listing_requests]
    assert pages.count(pages[0]) == 1, "a finished page is not fetched again"
    assert _attempts(jobs, collection) == 2


def test_a_spider_that_is_told_to_end_is_followed_by_one_that_goes_on(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    spider = _spider(jobs)
    halting.switches.block = ""
    os.kill(spider, signal.SIGTERM)
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)


def test_a_run_that_gets_nowhere_crashes_with_its_rows(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    killed: set[int] = set()

    def kill() -> str:
        for job in jobs.scrapyd.jobs("default")["running"]:
            if job["pid"] not in killed and len(halting.listing_requests) > len(killed) + 1:
                os.kill(job["pid"], signal.SIGKILL)
                killed.add(job["pid"])
        stage: str = alice.result(collection)["stage"]
        return stage

    assert until(kill, lambda stage: stage in ENDED) == "failed"
    result = alice.result(collection)
    assert (result["failed_reason"], result["asin_count"]) == ("crashed", 24)
    assert len(killed) == 4, "one attempt got further, three did not"


def test_a_spider_that_hangs_is_killed_and_followed(
    app: Flask, alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    spider = _spider(jobs)
    halting.switches.block = ""
    os.kill(spider, signal.SIGSTOP)
    # Longer than a spider needs to start.
    jobs.settings = jobs.settings.model_copy(update={"hung_after": 6.0})
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)


def test_a_job_that_cannot_begin_says_why(
    alice: Caller, scrapyd: Daemon, home: Home, jobs: Jobs
) -> None:
    collection = alice.schedule()
    (home.folder / "cookies" / DOMAIN / f"{POSTCODE}.json").unlink()
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["failed_reason"]) == ("failed", "no_session")
    assert "No cookie file found" in result["failed_message"]
    assert _attempts(jobs, collection) == 1


def test_no_attempt_follows_while_the_disk_takes_nothing(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, halting: Storefront
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    jobs.scrapyd.stop("r1-1", "KILL")
    until(jobs.scrapyd.states, lambda states: states.get("r1-1") == "finished")
    with room_for(0):
        for _ in range(jobs.settings.stalled_attempts + 1):
            assert alice.result(collection)["stage"] == "scraping"
    assert _attempts(jobs, collection) == 1
    halting.switches.block = ""
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert _attempts(jobs, collection) == 2


def test_scrapyd_killed_and_started_again(alice: Caller, scrapyd: Daemon, shop: Storefront) -> None:
    shop.switches.latency = 0.7
    collection = alice.schedule()
    alice.until_moving(collection)
    scrapyd.kill()
    result = alice.result(collection)
    assert result["stage"] == "scraping", "Scrapyd away says nothing about the run"
    scrapyd.start()
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert len({row["asin"] for row in result["asins"]}) == 60


def test_a_queue_outlives_its_scrapyd(
    alice: Caller, scrapyd: Daemon, halting: Storefront, shop: Storefront, jobs: Jobs
) -> None:
    running = [alice.schedule() for _ in range(_slots())]
    for collection in running:
        alice.until(collection, "scraping")
    waiting = alice.schedule()
    scrapyd.end()
    for collection in running:
        assert alice.result(collection)["stage"] == "scraping"
    shop.switches.block = ""
    scrapyd.start()
    assert alice.until(waiting, *ENDED)["stage"] == "done"
    for collection in running:
        result = alice.until(collection, *ENDED)
        assert (result["stage"], result["asin_count"]) == ("done", 60)


def test_an_answer_that_never_comes_is_looked_up_later(
    app: Flask, alice: Caller, scrapyd: Daemon, jobs: Jobs
) -> None:
    os.kill(_pid(scrapyd), signal.SIGSTOP)
    collection = alice.schedule()
    assert alice.result(collection)["stage"] == "queued"
    os.kill(_pid(scrapyd), signal.SIGCONT)
    assert alice.until(collection, *ENDED)["stage"] == "done"


def test_every_look_asks_scrapyd_little(
    alice: Caller, scrapyd: Daemon, halting: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Scrapyd._get

    def counted(door: Scrapyd, basename: str, params: Any = None) -> Any:
        asked.append(basename)
        return ask(door, basename, params)

    collection = alice.schedule()
    alice.until_moving(collection)
    monkeypatch.setattr(Scrapyd, "_get", counted)
    monkeypatch.setattr("api.scrapyd.job_states._FRESH_SECONDS", 60)
    for _ in range(50):
        alice.result(collection)
    assert len(asked) <= 1


def test_a_clock_that_was_set_back_loses_no_job(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    runner = alice.until_moving(collection)
    halting.switches.block = ""
    scrapyd.kill()
    jobs.store.runners.set_missing(runner["id"], "2999-01-01T00:00:00Z")
    scrapyd.start()
    assert alice.until(collection, *ENDED)["stage"] == "done"


def test_a_run_that_has_ended_has_ended_whichever_attempt_says_so(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, halting: Storefront
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    runner = jobs.store.runners.newest(alice.user, collection)
    assert runner is not None
    # As if Scrapyd had not known the job for too long, and it had been on its way all the same.
    jobs._attempts.again(runner, has_run=True)
    halting.switches.block = ""
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert _attempts(jobs, collection) == 2


def test_two_watchers_make_one_attempt(
    app: Flask, alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    spider = _spider(jobs)
    os.kill(spider, signal.SIGKILL)
    until(lambda: _states(jobs), lambda states: "running" not in states)
    watchers = [threading.Thread(target=refresh_all, args=(jobs,)) for _ in range(6)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert _attempts(jobs, collection) == 2
    assert len(_states(jobs)) == 2


def test_a_cancel_while_the_next_attempt_is_on_its_way(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    spider = _spider(jobs)
    runner = jobs.store.runners.newest(alice.user, collection)
    assert runner is not None
    os.kill(spider, signal.SIGKILL)
    until(lambda: _states(jobs), lambda states: "running" not in states)
    assert alice.cancel(collection) in (True, False)
    jobs._attempts.again(runner, has_run=True)
    until(
        lambda: refresh_all(jobs) or _states(jobs),
        lambda states: not {"running", "pending"} & set(states),
    )
    assert alice.result(collection)["failed_message"] == "Cancelled by user"


def _attempts(jobs: Jobs, collection: int) -> int:
    query = "SELECT max(attempt) AS attempt FROM runners WHERE collection = ?"
    (row,) = jobs.store.db.query(query, (collection,))
    return int(row["attempt"])


def _spider(jobs: Jobs) -> int:
    """The process of the only job that runs."""
    (job,) = jobs.scrapyd.jobs("default")["running"]
    return int(job["pid"])


def _states(jobs: Jobs) -> list[str]:
    jobs.scrapyd.forget_states()
    return list(jobs.scrapyd.states().values())


def _pid(scrapyd: Daemon) -> int:
    assert scrapyd.process is not None
    return scrapyd.process.pid
