"""Recurring runs by a set clock: each is started once when it is due, or the list says why not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from api.runners.lifecycle import Jobs
from api.runners.recurrence import Recurrence
from api.runners.schedules import DueRuns
from api.scrapyd.job_service import ScrapydError
from api.store.records import Outcome
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in, utc_text
from tests.api.services import BODY, CATEGORY, Caller, Daemon, refresh_all
from tests.crawls import DOMAIN, POSTCODE, Home
from tests.forks import start_service
from tests.waiting import until

SYDNEY, BERLIN, LORD_HOWE = "Australia/Sydney", "Europe/Berlin", "Australia/Lord_Howe"
MORNING = {"cron": "0 6 * * *", "timezone": SYDNEY}
HALF_AN_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
PAST = "2026-01-01T00:00:00Z"


class Clock:
    """A clock that stands where it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Scheduled:
    """A collection with a schedule that begins now, and a watcher that looks at a set clock."""

    def __init__(self, jobs: Jobs, caller: Caller, now: datetime, **recurrence: str) -> None:
        self.jobs, self.caller, self.clock = jobs, caller, Clock(now)
        self.due = DueRuns(jobs, self.clock)
        self.collection = caller.schedule(schedule=recurrence)
        self.end()
        plan = Recurrence.model_validate(recurrence).plan(now)
        jobs.store.schedules.put(caller.user, self.collection, plan)

    def look(self, after: timedelta = timedelta()) -> None:
        """One round of a watcher, so much later."""
        self.clock.now = self.clock.now.astimezone(UTC) + after
        for schedule in self.due.waiting():
            self.due.settle(schedule)

    def end(self) -> None:
        """End the runner that is open, as if its crawl were done."""
        runner = self.jobs.store.runners.newest(self.caller.user, self.collection)
        assert runner is not None
        self.jobs.store.runners.end(runner.id, Outcome(Stage.DONE))

    @property
    def runners(self) -> int:
        return self.jobs.store.db["runners"].count_where("collection = ?", [self.collection])

    @property
    def schedule(self) -> Any:
        """As ``result`` and the list show it."""
        shown = self.caller.result(self.collection)["schedule"]
        items = self.caller.post(f"{CATEGORY}/list/").get_json()["data"]["items"]
        (listed,) = (item for item in items if item["collection"] == self.collection)
        assert listed["schedule"] == shown
        return shown

    def call(self, name: str, **fields: Any) -> Any:
        """The data of a call about the collection."""
        body = {"collection_id": self.collection} | fields
        answer = self.caller.post(f"{CATEGORY}/{name}/", body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["data"]


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.fixture
def queue(no_slot: None, scrapyd: Daemon) -> Daemon:
    """A Scrapyd that takes jobs and runs none."""
    return scrapyd


def at(zone: str, *moment: int) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("zone", "begin", "recurrence", "started"),
    [
        (
            SYDNEY,
            (2026, 4, 3, 12),
            {"every": "daily", "at": "02:30"},
            ["04 02:30 +1100", "05 02:30 +1100", "06 02:30 +1000"],
        ),
        (
            SYDNEY,
            (2026, 10, 2, 12),
            {"every": "daily", "at": "02:30"},
            ["03 02:30 +1000", "04 03:00 +1100", "05 02:30 +1100"],
        ),
        (
            BERLIN,
            (2026, 3, 27, 12),
            {"every": "daily", "at": "02:30"},
            ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"],
        ),
        (
            BERLIN,
            (2026, 10, 23, 12),
            {"cron": "30 2 * * *"},
            ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"],
        ),
        (
            LORD_HOWE,
            (2026, 4, 3, 12),
            {"cron": "40 1 * * *"},
            ["04 01:40 +1100", "05 01:40 +1100", "06 01:40 +1030"],
        ),
        (
            LORD_HOWE,
            (2026, 10, 2, 12),
            {"cron": "10 2 * * *"},
            ["03 02:10 +1030", "04 02:30 +1100", "05 02:10 +1100"],
        ),
    ],
)
def test_over_the_changes_of_the_clocks(
    queue: Daemon,
    jobs: Jobs,
    alice: Caller,
    zone: str,
    begin: tuple[int, ...],
    recurrence: dict[str, str],
    started: list[str],
) -> None:
    runs = Scheduled(jobs, alice, at(zone, *begin), timezone=zone, **recurrence)
    seen = []
    while len(seen) < 3:
        before = runs.runners
        runs.look(timedelta(minutes=10))
        runs.look()
        if runs.runners > before:
            assert runs.runners == before + 1
            seen.append(runs.clock.now.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %z"))
            assert runs.schedule["last_run_at"] == utc_text(runs.clock.now)
            runs.end()
    assert seen == started


@pytest.mark.parametrize("begin", [(2026, 4, 4, 23, 30), (2026, 10, 3, 23, 30)])
def test_hourly_runs_over_the_changes_of_the_clocks(
    queue: Daemon, jobs: Jobs, alice: Caller, begin: tuple[int, ...]
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, *begin), timezone=SYDNEY, every="hourly")
    for hour in range(8):
        runs.look(HALF_AN_HOUR)
        assert runs.runners == 2 + hour
        runs.end()
        runs.look(HALF_AN_HOUR)
        assert runs.runners == 2 + hour


def test_a_run_is_left_out_while_another_is_open(queue: Daemon, jobs: Jobs, alice: Caller) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    runs.look(HOUR)
    assert (runs.runners, runs.schedule["skipped_runs"]) == (2, 0)
    runs.look(DAY)
    assert runs.runners == 2
    assert runs.schedule == MORNING | {
        "every": None,
        "at": None,
        "paused": False,
        "next_run_at": "2026-07-02T20:00:00Z",
        "last_run_at": "2026-06-30T20:00:00Z",
        "skipped_runs": 1,
        "last_skipped_at": "2026-07-01T20:00:00Z",
        "not_started": None,
    }
    runs.end()
    runs.look()
    assert runs.runners == 2
    runs.look(DAY)
    assert (runs.runners, runs.schedule["skipped_runs"]) == (3, 1)


def test_after_a_standstill_one_run_makes_up_for_all(
    queue: Daemon, jobs: Jobs, alice: Caller
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    runs.look(10 * DAY)
    assert (runs.runners, runs.schedule["skipped_runs"]) == (2, 0)
    assert runs.schedule["next_run_at"] == "2026-07-10T20:00:00Z"
    runs.end()
    runs.look(HALF_AN_HOUR)
    assert runs.runners == 2


def test_a_cancel_ends_the_schedule(queue: Daemon, jobs: Jobs, alice: Caller) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    other = alice.schedule(schedule=MORNING)
    runs.look(HOUR)
    alice.cancel(runs.collection)
    assert runs.schedule is None
    assert alice.result(other)["schedule"] is not None
    runs.look(DAY)
    assert (runs.runners, alice.result(runs.collection)["stage"]) == (2, "failed")
    body = {"collection_id": runs.collection, "schedule": MORNING}
    refused = alice.post(f"{CATEGORY}/update_schedule/", body)
    assert (refused.status_code, refused.get_json()["data"]) == (
        409,
        f"Collection {runs.collection} was cancelled and cannot be run again: schedule the "
        "category anew with add_schedule",
    )


def test_a_schedule_that_was_set_during_a_cancel_starts_nothing(
    queue: Daemon, jobs: Jobs, alice: Caller
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    runs.look(HOUR)
    alice.cancel(runs.collection)
    plan = Recurrence.model_validate(MORNING).plan(runs.clock.now)
    jobs.store.schedules.put(alice.user, runs.collection, plan)
    runs.look(DAY)
    assert (runs.runners, runs.schedule) == (2, None)


def test_a_watcher_that_read_the_schedule_before_it_was_changed_starts_nothing(
    queue: Daemon, jobs: Jobs, alice: Caller
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 7), **MORNING)
    runs.clock.now += DAY
    (seen,) = runs.due.waiting()
    # Changed, but due at the same time; then settled by another watcher; then gone.
    plan = Recurrence(cron="0 6 * * 4", timezone=SYDNEY).plan(at(SYDNEY, 2026, 7, 1, 7))
    assert plan.next_run_at == seen.next_run_at
    jobs.store.schedules.put(alice.user, runs.collection, plan)
    runs.due.settle(seen)
    assert runs.runners == 1
    (seen,) = runs.due.waiting()
    runs.look()
    runs.end()
    runs.due.settle(seen)
    assert runs.runners == 2
    assert runs.schedule["next_run_at"] == "2026-07-08T20:00:00Z"
    runs.clock.now += 7 * DAY
    (seen,) = runs.due.waiting()
    runs.call("delete_schedule")
    runs.due.settle(seen)
    assert (runs.runners, runs.schedule) == (2, None)


def test_pause_and_resume(queue: Daemon, jobs: Jobs, alice: Caller) -> None:
    runs = Scheduled(jobs, alice, datetime.now(UTC), every="hourly", timezone="UTC")
    due = runs.schedule["next_run_at"]
    for _ in range(2):
        paused = runs.call("pause_schedule")
        assert paused == {"id": runs.collection, "schedule": runs.schedule}
        assert (runs.schedule["paused"], runs.schedule["next_run_at"]) == (True, None)
    runs.look(5 * HOUR)
    daily = runs.call("update_schedule", schedule={"cron": "0 * * * *", "timezone": "UTC"})
    assert (daily["schedule"]["paused"], daily["schedule"]["next_run_at"]) == (True, None)
    for _ in range(2):
        resumed = runs.call("resume_schedule")["schedule"]
        assert (resumed["paused"], resumed["next_run_at"]) == (False, due)
    runs.clock.now = datetime.now(UTC)
    runs.look()
    assert (runs.runners, runs.schedule["skipped_runs"]) == (1, 0)


def test_set_change_and_remove(queue: Daemon, jobs: Jobs, alice: Caller) -> None:
    collection = alice.schedule()
    assert alice.result(collection)["schedule"] is None
    body = {"collection_id": collection}
    for name in ("pause_schedule", "resume_schedule", "delete_schedule"):
        answer = alice.post(f"{CATEGORY}/{name}/", body)
        assert (answer.status_code, answer.get_json()["data"]) == (
            404,
            f"Collection {collection} has no schedule: update_schedule gives it one",
        )
    answer = alice.post(f"{CATEGORY}/update_schedule/", body)
    assert (answer.status_code, answer.get_json()["data"]) == (400, "schedule is missing")
    shown = alice.post(f"{CATEGORY}/update_schedule/", body | {"schedule": MORNING}).get_json()
    assert shown["data"]["schedule"].items() >= MORNING.items()
    assert shown["data"]["schedule"]["next_run_at"] > utc_in(0)
    weekly = {"every": "weekly", "at": "07:00", "timezone": "UTC"}
    shown = alice.post(f"{CATEGORY}/update_schedule/", body | {"schedule": weekly}).get_json()
    assert shown["data"]["schedule"].items() >= (weekly | {"cron": None}).items()
    for _ in range(2):
        gone = alice.post(f"{CATEGORY}/update_schedule/", body | {"schedule": None}).get_json()
        assert gone["data"] == {"id": collection, "schedule": None}
    assert alice.post(f"{CATEGORY}/delete_schedule/", body).status_code == 404


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ({"cron": "0 25 * * *", "timezone": "UTC"}, "schedule.cron is '0 25 * * *': its hour is"),
        ({"cron": "0 6 * * *", "timezone": "Oz"}, "schedule.timezone is 'Oz': it must be a name"),
        ({"every": "daily", "at": "6", "timezone": "UTC"}, "schedule.at is '6': it must be a time"),
        ({"every": "daily", "at": "06:00"}, "schedule.timezone is missing"),
        ("daily", "schedule is 'daily': it must be an object such as"),
    ],
)
def test_what_is_wrong_is_said_by_both_calls(
    queue: Daemon, alice: Caller, jobs: Jobs, schedule: Any, says: str
) -> None:
    body = BODY | {"schedule": schedule, "amazon_node_id": "1"}
    answer = alice.post(f"{CATEGORY}/add_schedule/", body)
    assert answer.status_code == 400
    assert [one["message"].startswith(says) for one in answer.get_json()["errors"]] == [True, False]
    assert jobs.store.db["collections"].count == 0
    body = {"collection_id": alice.schedule(), "schedule": schedule}
    answer = alice.post(f"{CATEGORY}/update_schedule/", body)
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith(says)


@contextmanager
def no_session(jobs: Jobs, runs: Scheduled, home: Home) -> Iterator[None]:
    session = home.folder / "cookies" / DOMAIN / f"{POSTCODE}.json"
    session.rename(session.with_suffix(".away"))
    yield
    session.with_suffix(".away").rename(session)


@contextmanager
def no_credits(jobs: Jobs, runs: Scheduled, home: Home) -> Iterator[None]:
    jobs.store.credits.grant(runs.caller.user, 0)
    yield
    jobs.store.credits.grant(runs.caller.user, 5)


@contextmanager
def user_disabled(jobs: Jobs, runs: Scheduled, home: Home) -> Iterator[None]:
    jobs.store.users.set_active(runs.caller.user, active=False)
    yield
    jobs.store.users.set_active(runs.caller.user, active=True)


@contextmanager
def invalid_job(jobs: Jobs, runs: Scheduled, home: Home) -> Iterator[None]:
    table = jobs.store.db["collections"]
    before = table.get(runs.collection)["request"]
    table.update(runs.collection, {"request": before.replace("4500", "45")})
    yield
    table.update(runs.collection, {"request": before})


@pytest.mark.parametrize(
    ("trouble", "reason", "says"),
    [
        (no_session, "no_session", "No cookie file found for amazon.com.au 4500: make one with"),
        (no_credits, "no_credits", "Not enough credits — a run takes one"),
        (user_disabled, "user_disabled", "The user is disabled"),
        (invalid_job, "invalid_job", "postcode is '45': on amazon.com.au it must match"),
    ],
)
def test_the_list_says_why_a_run_could_not_be_started(
    queue: Daemon, jobs: Jobs, alice: Caller, home: Home, trouble: Any, reason: str, says: str
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    with trouble(jobs, runs, home):
        runs.look(HOUR)
        runs.look()
    assert runs.runners == 1
    told = runs.schedule["not_started"]
    assert (told["at"], told["reason"]) == ("2026-06-30T20:00:00Z", reason)
    assert told["message"].startswith(says)
    assert runs.schedule["next_run_at"] == "2026-07-01T20:00:00Z"
    assert runs.schedule["last_run_at"] is None
    runs.look(DAY)
    assert (runs.runners, runs.schedule["not_started"]) == (2, None)


def test_a_time_zone_that_has_gone_ends_a_schedule_until_it_is_set_anew(
    queue: Daemon, jobs: Jobs, alice: Caller
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    jobs.store.db["schedules"].update(runs.collection, {"timezone": "Mars/Base"})
    runs.look(HOUR)
    told = runs.schedule
    assert (told["next_run_at"], told["not_started"]["reason"]) == (None, "invalid_schedule")
    assert "update_schedule gives a new one" in told["not_started"]["message"]
    runs.call("pause_schedule")
    body = {"collection_id": runs.collection}
    assert alice.post(f"{CATEGORY}/resume_schedule/", body).status_code == 409
    runs.call("update_schedule", schedule=MORNING)
    assert runs.call("resume_schedule")["schedule"]["next_run_at"] > utc_in(0)


def test_runs_of_a_user_beyond_the_rate_limit_wait(
    queue: Daemon, jobs: Jobs, alice: Caller, bob: Caller
) -> None:
    now = at(SYDNEY, 2026, 7, 1, 5)
    hers = [Scheduled(jobs, alice, now, **MORNING) for _ in range(4)]
    his = Scheduled(jobs, bob, now, **MORNING)
    jobs.settings = jobs.settings.model_copy(update={"rate_limit": "2/second"})
    watcher = DueRuns(jobs, Clock(now + HOUR))
    first = [*watcher.waiting()]
    assert [one.user for one in first] == [alice.user, alice.user, bob.user]
    for one in first:
        watcher.settle(one)
    assert (sum(one.runners for one in hers), his.runners) == (6, 2)
    until(lambda: [*watcher.waiting()], lambda waiting: len(waiting) == 2, 10)


def make_due(jobs: Jobs, *collections: int) -> None:
    for collection in collections:
        jobs.store.db["schedules"].update(collection, {"next_run_at": PAST})


def test_a_due_run_crawls_the_category(scrapyd: Daemon, jobs: Jobs, alice: Caller) -> None:
    collection = alice.schedule(schedule=MORNING, max_products=20)
    first = alice.until(collection, "done")
    make_due(jobs, collection)
    refresh_all(jobs)
    second = alice.until(collection, "done")
    assert (second["id"], second["asin_count"]) == (first["id"] + 1, 20)
    assert second["schedule"]["last_run_at"] == PAST
    assert second["schedule"]["next_run_at"] > utc_in(0)


def test_while_scrapyd_is_away_runs_stay_due(queue: Daemon, jobs: Jobs, alice: Caller) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    queue.kill()
    time.sleep(1)
    with pytest.raises(ScrapydError):
        runs.look(HOUR)
    assert (runs.runners, runs.schedule["next_run_at"]) == (1, "2026-06-30T20:00:00Z")
    queue.start()
    time.sleep(1)
    runs.look(DAY)
    assert (runs.runners, runs.schedule["last_run_at"]) == (2, "2026-06-30T20:00:00Z")


def test_a_run_whose_job_scrapyd_did_not_take_is_scheduled_when_it_is_back(
    queue: Daemon, jobs: Jobs, alice: Caller
) -> None:
    runs = Scheduled(jobs, alice, at(SYDNEY, 2026, 7, 1, 5), **MORNING)
    runs.clock.now += HOUR
    (schedule,) = runs.due.waiting()
    queue.kill()
    runs.due.settle(schedule)
    result = alice.result(runs.collection)
    assert (runs.runners, result["stage"]) == (2, "queued")
    queue.start()

    def jobs_of_the_run() -> list[str]:
        refresh_all(jobs)
        return [job for job in jobs.scrapyd.states() if job.startswith(f"r{result['id']}-")]

    until(jobs_of_the_run, bool)
    assert len(jobs_of_the_run()) == 1


DIES_BEFORE_SCRAPYD = """
import os
from api import create_app
from api.runners.attempts import Attempts
from api.runners.watch import Watcher
Attempts.schedule = lambda *_: os._exit(9)
Watcher(create_app().extensions["services"].jobs).refresh_all()
"""
"""A watcher that is killed between recording a run and telling Scrapyd of it."""


def test_after_a_kill_the_run_goes_on_and_there_is_no_second(
    app: Flask, scrapyd: Daemon, jobs: Jobs, alice: Caller
) -> None:
    collection = alice.schedule(schedule=MORNING, max_products=20)
    first = alice.until(collection, "done")
    make_due(jobs, collection)
    killed = subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_SCRAPYD],
        cwd=PROJECT,
        env=os.environ,
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9
    assert alice.result(collection)["stage"] == "queued"

    def newest() -> dict[str, Any]:
        refresh_all(jobs)
        return alice.result(collection)

    second = until(newest, lambda result: result["stage"] == "done")
    assert second["id"] == first["id"] + 1
    assert jobs.store.db["runners"].count == 2


@contextmanager
def watchers(number: int) -> Iterator[None]:
    """So many real watchers over the home folder."""
    command = ("flask", "--app", "api", "watch")
    running = [
        start_service(*command, environment=dict(os.environ), log=Path(os.devnull))
        for _ in range(number)
    ]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_two_watchers_start_each_run_once(
    app: Flask, queue: Daemon, jobs: Jobs, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_WATCH_INTERVAL", "0.01")
    # Every run that is due gets its job at once.
    monkeypatch.setenv("CATEGORY_CRAWLER_JOBS_IN_QUEUE", "0")
    collections = [alice.schedule(schedule=MORNING) for _ in range(20)]
    pushed = jobs.settings.jobs_in_queue
    for runner in jobs.store.runners.open():
        jobs.store.runners.end(runner.id, Outcome(Stage.DONE))
    first = jobs.store.db["runners"].count
    with watchers(2):
        for _ in range(3):
            make_due(jobs, *collections)
            until(lambda: jobs.store.schedules.due(utc_in(0), 100), lambda due: due == [])
            for runner in jobs.store.runners.open():
                jobs.store.runners.end(runner.id, Outcome(Stage.DONE))
    assert jobs.store.db["runners"].count == first + 3 * 20
    assert jobs.store.db["attempts"].count == first + 3 * 20
    skipped = [jobs.store.schedules.of(one) for one in collections]
    assert [one.skipped_runs for one in skipped if one] == [0] * 20
    states = until(jobs.scrapyd.states, lambda known: len(known) >= pushed + 3 * 20)
    assert len(states) == pushed + 3 * 20
