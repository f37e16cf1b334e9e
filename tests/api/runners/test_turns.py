"""Turns: users who are limited, and one who wants too much, over the real rules and queue."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, Literal

import pytest
from scrapyd.config import Config

from api.config import Settings
from api.delivery_sessions import Sessions
from api.runners.lifecycle import Jobs
from api.scrapyd.job_service import JobService, ScrapydAway, State, States
from api.store import Store
from api.store.limits import Limits, OwnLimits, Policy
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from api.store.write_ahead_log import WriteAheadLog
from category_crawler.daemon.job_queue import JobQueue
from category_crawler.job_name import runner_of_job
from tests.api.services import BODY, ENDED, Caller, Daemon

SLOTS = 4
LENGTH = 4
"""Rounds of the watcher that a crawl takes."""


@dataclass
class Floor(JobService):
    """Scrapyd's queue and slots, whose clock goes on at the test's word."""

    queue: JobQueue
    slots_taken: dict[str, int] = field(default_factory=dict)
    """The jobs that run, and when they began."""
    begun: dict[str, int] = field(default_factory=dict)
    pushed: list[str] = field(default_factory=list)
    is_away: bool = False

    def run(
        self,
        job: str,
        arguments: Mapping[str, str],
        priority: float = 0.0,
        spider: str = "category",
    ) -> None:
        if self.is_away:
            raise ScrapydAway("away")
        self.pushed.append(job)
        self.queue.add(spider, priority, _job=job)

    def states(self) -> States:
        found: States = {message["_job"]: "pending" for message in self.queue.list()}
        return found | dict.fromkeys(self.slots_taken, "running")

    def state(self, job: str) -> State | None:
        return self.states().get(job)

    def states_of(self, jobs: Sequence[str]) -> States:
        known = self.states()
        return {job: known[job] for job in jobs if job in known}

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        return bool(self.queue.remove(lambda message: message["_job"] == job))

    def has_orphan(self, job: str, attempt: object, *, kill: bool) -> bool:
        return False

    def queue_position(self, job: str) -> int | None:
        return None


class Office:
    """The rules over a store and a floor; a round is one look of the watcher."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        config = Config()
        config.cp.set(config.SECTION, "dbs_dir", str(folder))
        self.store = Store(folder / "api.db", policy=policy)
        self.floor = Floor(JobQueue(config, "default"))
        settings = Settings()
        sessions = Sessions(self.store, self.floor, settings)
        self.jobs = Jobs(self.store, self.floor, settings, sessions)
        self.now = 0
        self.asked: dict[int, tuple[int, int]] = {}
        """Of each runner its user, and when it was asked for."""

    def user(self, name: str) -> int:
        return self.store.users.add(f"{name}@example.org", name, name)

    def ask(self, user: int, **fields: Any) -> Runner:
        runner = self.store.runners.add_collection(user, "Lamps", StoredRequest(BODY | fields), [])
        self.jobs._attempts.schedule(runner)
        self.asked[runner.id] = (user, self.now)
        return runner

    def round(self) -> None:
        floor = self.floor
        for job, begun in [*floor.slots_taken.items()]:
            if self.now - begun >= LENGTH:
                del floor.slots_taken[job]
                self.store.runners.end(runner_of_job(job) or 0, Outcome(Stage.DONE, 5))
        while len(floor.slots_taken) < SLOTS and (message := floor.queue.pop()):
            job = message["_job"]
            floor.slots_taken[job] = floor.begun[job] = self.now
            self.store.runners.start(runner_of_job(job) or 0, "2026-11-28T00:00:00Z")
        self.jobs.turns.give_all()
        self.now += 1

    def waits(self) -> dict[int, list[int]]:
        """By user, how many rounds each of the runs that began has waited."""
        found: dict[int, list[int]] = {}
        for job, begun in self.floor.begun.items():
            user, asked = self.asked[runner_of_job(job) or 0]
            found.setdefault(user, []).append(begun - asked)
        return found

    def begun_of(self, users: Sequence[int]) -> list[str]:
        """The jobs of some users that have begun."""
        own = set(users)
        return [job for job in self.floor.begun if self.asked[runner_of_job(job) or 0][0] in own]

    def runs(self) -> dict[int, int]:
        """By user, how many jobs run now."""
        owners = [self.asked[runner_of_job(job) or 0][0] for job in self.floor.slots_taken]
        return {user: owners.count(user) for user in owners}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, Policy(jobs_in_queue=2))


def crowd(folder: Path, policy: Policy, greedy: int) -> list[int]:
    """The waits of 49 users with one to three runs, whom one with ``greedy`` runs came before."""
    folder.mkdir()
    office = Office(folder, policy)
    hog = office.user("hog")
    for _ in range(greedy):
        office.ask(hog)
    chance = random.Random(23)
    others = [office.user(f"u{number}") for number in range(49)]
    coming = {user: chance.randrange(1, 200) for user in others}
    wanted = {user: chance.randint(1, 3) for user in others}
    while len(office.begun_of(others)) < sum(wanted.values()):
        for user in (one for one, when in coming.items() if when == office.now):
            for _ in range(wanted[user]):
                office.ask(user)
        office.round()
    waits = office.waits()
    assert hog not in waits or len(waits[hog]) > 1, "the greedy one is served, too"
    return [one for user in others for one in waits[user]]


def test_nobody_waits_behind_the_backlog_of_a_greedy_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 users, one of whom queues 500 runs: the figures stand in docs/benchmarks.md."""
    # Nothing here is about power cuts, and each transaction would wait for the disk.
    monkeypatch.setattr(WriteAheadLog, "wait_for", lambda *_: None)
    turns = Policy(jobs_in_queue=2)
    limited = Policy(Limits(running=3), jobs_in_queue=2)
    alone = crowd(tmp_path / "alone", turns, 0)
    beside = {
        "turns": crowd(tmp_path / "turns", turns, 500),
        "limits": crowd(tmp_path / "limits", limited, 500),
        "neither": crowd(tmp_path / "neither", Policy(), 500),
    }
    print({"alone": (mean(alone), max(alone))} | {n: (mean(w), max(w)) for n, w in beside.items()})
    # The greedy one has a share as any other, and two jobs that may be in front.
    for name in ("turns", "limits"):
        assert mean(beside[name]) <= 1.5 * mean(alone) + LENGTH
        assert max(beside[name]) <= 1.5 * max(alone) + 2 * LENGTH
    assert mean(beside["neither"]) > 5 * mean(beside["turns"]), "what the turns are for"


def test_users_with_equal_demand_share_the_slots_equally(office: Office) -> None:
    first, second, third = (office.user(name) for name in ("a", "b", "c"))
    for user in (first, second, third):
        for _ in range(30):
            office.ask(user)
    for _ in range(15 * LENGTH):
        office.round()
    begun = {user: len(waits) for user, waits in office.waits().items()}
    assert max(begun.values()) - min(begun.values()) <= 8, "who is first is chance"
    assert sum(begun.values()) >= 14 * SLOTS, "no slot is idle beside a backlog"


def test_a_limit_of_running_crawls_is_kept_and_nothing_is_refused(office: Office) -> None:
    user, other = office.user("a"), office.user("b")
    office.store.limits.put(user, OwnLimits(running=3))
    runs = [office.ask(user) for _ in range(12)]
    assert [run.is_held for run in runs[:4]] == [False, False, True, True]
    most = 0
    for _ in range(8 * LENGTH):
        office.round()
        most = max(most, office.runs().get(user, 0))
        if office.now == LENGTH:
            # The fourth slot is free all the time.
            assert office.ask(other).is_held is False
    assert most == 3
    assert {office.jobs.store.runners.get(run.id).stage for run in runs} == {Stage.DONE}  # type: ignore[union-attr]


def test_it_is_said_why_a_run_is_held_back(office: Office) -> None:
    user = office.user("a")
    office.store.limits.put(user, OwnLimits(running=3, products_a_day=0))
    runs = [office.ask(user) for _ in range(4)]
    turns = office.jobs.turns
    assert turns.waits(runs[0]) is None
    waits = turns.waits(runs[3])
    assert waits is not None
    assert (waits.reason, waits.message[:27]) == ("turn", "Users take turns: it waits ")
    for _ in range(3):
        office.round()
    waits = turns.waits(runs[3])
    assert waits is not None
    assert waits.reason == "running_limit"
    assert waits.message.startswith("Your limit is 3 crawls at once")
    office.store.limits.put(user, OwnLimits(products_a_day=7))
    office.store.runners.end(runs[0].id, Outcome(Stage.DONE, 7))
    waits = turns.waits(runs[3])
    assert waits is not None
    assert waits.reason == "products_a_day"


def test_a_higher_priority_does_not_wait_for_the_turns_of_a_lower_one(office: Office) -> None:
    user = office.user("a")
    low = [office.ask(user, priority="Low") for _ in range(4)]
    high = [office.ask(user, priority="High") for _ in range(3)]
    assert [run.is_held for run in low + high] == [False, False, True, True, False, False, True]
    office.round()
    office.round()
    # All that were pushed run now; the high one goes before the low ones that came earlier.
    assert office.floor.pushed[4] == f"r{high[2].id}-1"


def test_a_priority_above_the_users_highest_is_lowered_with_a_warning(office: Office) -> None:
    user = office.user("a")
    office.store.limits.put(user, OwnLimits(priority="Normal"))
    run = office.ask(user, priority="Highest")
    assert run.priority == 0.0
    assert run.warnings == [
        "priority Highest is above the highest that you may use: the run has Normal"
    ]
    assert office.ask(user, priority="Low").priority == -1.0


def test_a_run_that_is_held_back_is_cancelled_at_once(office: Office) -> None:
    user = office.user("a")
    runs = [office.ask(user) for _ in range(3)]
    assert office.jobs.cancel(runs[2])
    now = office.store.runners.get(runs[2].id)
    assert now is not None
    assert (now.is_over, now.was_cancelled, now.is_held) == (True, True, False)
    office.round()
    assert f"r{runs[2].id}-1" not in office.floor.pushed


def test_a_run_that_is_held_back_is_never_lost(office: Office) -> None:
    user = office.user("a")
    runs = [office.ask(user) for _ in range(3)]
    assert runs[2].id not in {one.id for one in office.jobs.changing()}
    for _ in range(3):
        held = office.jobs.refresh(runs[2])
        assert (held.is_held, held.attempt, held.missing_since) == (True, 1, None)


def test_a_place_goes_to_one_of_many_watchers(tmp_path: Path) -> None:
    office = Office(tmp_path, Policy(jobs_in_queue=1))
    user = office.user("a")
    office.ask(user)
    office.ask(user)
    office.floor.queue.pop()
    office.store.runners.start(1, "2026-11-28T00:00:00Z")
    watchers = [threading.Thread(target=office.jobs.turns.give_all) for _ in range(8)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert office.floor.pushed == ["r1-1", "r2-1"]


def test_a_place_is_taken_back_where_the_job_was_not_taken(office: Office) -> None:
    user = office.user("a")
    office.store.limits.put(user, OwnLimits(products_a_day=100))
    runs = [office.ask(user, max_products=30) for _ in range(3)]
    office.floor.is_away = True
    office.round()
    held = office.store.runners.get(runs[2].id)
    assert held is not None
    assert (held.is_held, held.reserved, held.warnings) == (True, None, [])
    assert office.store.credits.of(user).frozen_credits == 60
    office.floor.is_away = False
    office.round()
    given = office.store.runners.get(runs[2].id)
    assert given is not None
    assert (given.is_held, given.reserved) == (False, 30)


def test_a_place_that_a_kill_left_without_a_job_is_missed(office: Office) -> None:
    user = office.user("a")
    runs = [office.ask(user) for _ in range(3)]
    office.floor.queue.pop()
    office.store.runners.start(runs[0].id, "2026-11-28T00:00:00Z")
    given = office.store.places.give_next(user)
    assert given is not None
    assert given.runner.id == runs[2].id
    assert runs[2].id in {one.id for one in office.jobs.changing()}
    office.jobs.refresh(given.runner)
    missed = office.store.runners.get(runs[2].id)
    assert missed is not None
    assert missed.missing_since is not None


def test_products_of_a_day_are_never_exceeded(office: Office) -> None:
    user = office.user("a")
    office.store.limits.put(user, OwnLimits(products_a_day=12))
    first, second, third = (office.ask(user, max_products=10) for _ in range(3))
    assert (first.reserved, first.is_limited_by_day, first.warnings) == (10, True, [])
    assert (second.reserved, second.is_held) == (2, False)
    assert second.warnings == ["Of your products a day 2 are left for this run: it ends there"]
    assert third.is_held
    office.store.runners.end(first.id, Outcome(Stage.DONE, 4))
    # Four are charged, two are set aside.
    office.round()
    given = office.store.runners.get(third.id)
    assert given is not None
    assert (given.is_held, given.reserved) == (False, 6)
    for run in (second, third):
        office.store.runners.end(run.id, Outcome(Stage.DONE, 50))
    assert office.store.limits.use(user).charged_today == 12
    late = office.ask(user)
    assert late.is_held
    office.store.db.conn.execute("UPDATE users SET charged_on = '2000-01-01'")
    office.round()
    tomorrow = office.store.runners.get(late.id)
    assert tomorrow is not None
    assert (tomorrow.is_held, tomorrow.reserved) == (False, 12)
    assert office.store.credits.of(user).frozen_credits == 12


def test_credits_and_products_of_a_day_keep_one_book(office: Office) -> None:
    user = office.store.users.add("c@example.org", "c", "c", 100)
    office.store.limits.put(user, OwnLimits(products_a_day=20))
    run = office.store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 50)
    assert (run.reserved, office.store.credits.of(user).frozen_credits) == (20, 20)
    held = office.store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 50)
    assert (held.is_held, held.reserved) == (True, 50)
    assert office.store.credits.of(user).spendable == 30
    office.store.runners.end(held.id, Outcome(Stage.FAILED, 0))
    office.store.runners.end(run.id, Outcome(Stage.DONE, 20))
    left = office.store.credits.of(user)
    assert (left.used_credits, left.frozen_credits, left.spendable) == (20, 0, 80)


def test_polls_alone_give_the_places_too(alice: Caller, scrapyd: Daemon, store: Store) -> None:
    store.limits.put(alice.user, OwnLimits(running=1))
    runs = [alice.schedule(max_products=5) for _ in range(3)]
    last = alice.result(runs[2])
    assert (last["stage"], last["waiting_reason"]) == ("queued", "running_limit")
    assert last["waiting_message"].startswith("Your limit is 1 crawl at once")
    assert alice.cancel(runs[1])
    for run in (runs[0], runs[2]):
        ended = alice.until(run, *ENDED)
        assert (ended["stage"], ended["asin_count"]) == ("done", 5)
        assert ended["waiting_reason"] is None
    began = [alice.result(run)["started_at"] for run in (runs[0], runs[2])]
    assert alice.result(runs[0])["finished_at"] <= began[1]


def test_a_round_is_cheap_beside_twenty_thousand_runs_that_are_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteAheadLog, "wait_for", lambda *_: None)
    office = Office(tmp_path, Policy(Limits(running=2), jobs_in_queue=2))
    user = office.user("a")
    for _ in range(3):
        office.ask(user)
    office.store.db.conn.execute(
        "WITH RECURSIVE numbers(n) AS "
        "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) "
        "INSERT INTO runners (owner, collection, stage, attempt, created_at, is_held) "
        "SELECT owner, collection, stage, attempt, created_at, 1 FROM numbers, runners WHERE id = 3"
    )
    asked: list[str] = []
    office.store.db.conn.set_trace_callback(asked.append)
    began = time.process_time()
    assert len([*office.jobs.changing()]) == 0
    office.jobs.turns.give_all()
    took = time.process_time() - began
    office.store.db.conn.set_trace_callback(None)
    print(f"a round took {took * 1000:.1f} ms and {len(asked)} statements")
    assert len(asked) <= 10, "none for each run"
    assert took < 0.2
