"""Attempts: each has a folder of its own, and the newest that has begun is what clients see."""

import os
import signal
from pathlib import Path

import pytest
from flask import Flask

from api.runners.attempts import attempt_of, folder_of, run_folder
from api.runners.lifecycle import Jobs
from api.store.records import Runner, StoredRequest
from category_crawler.run.reader import PARTIAL_ROWS, ROWS
from category_crawler.run.writer import Run
from tests.api.services import BODY, ENDED, Caller, Daemon, refresh_all
from tests.crawls import Home
from tests.records import product, record, summary
from tests.storefront import Storefront
from tests.waiting import until


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.fixture
def halting(shop: Storefront) -> Storefront:
    """The shop, which hangs from the second listing page on."""
    shop.switches.block, shop.switches.block_from = "hang", 2
    return shop


def now(jobs: Jobs, collection: int) -> Runner:
    (runner,) = jobs.store.runners.of_collection(collection, 1)
    return runner


def queued(jobs: Jobs, user: int, priority: str = "Normal") -> Runner:
    request = StoredRequest(BODY | {"priority": priority})
    return jobs.store.runners.add_collection(user, "Lamps", request, [])


def write(folder: Path, *numbers: int) -> Run:
    run = Run.create(folder, BODY)
    run.keep(run.claim(map(product, numbers)))
    run.finish_page(record(offset=run.offset))
    return run


def following(jobs: Jobs, runner: Runner) -> Runner:
    made = jobs.store.runners.next_attempt(runner, 0, 0)
    assert made is not None
    return made


def test_a_killed_spider_is_followed_in_another_folder(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    first = folder_of(now(jobs, collection)).path
    (job,) = jobs.scrapyd.jobs("default")["running"]
    os.kill(job["pid"], signal.SIGKILL)
    halting.switches.block = ""
    result = alice.until(collection, *ENDED)
    runner = now(jobs, collection)
    second, published = folder_of(runner).path, run_folder(runner) / ROWS
    assert (first.name, second.name, first.parent) == ("1", "2", second.parent)
    assert (result["stage"], len(result["asins"])) == ("done", 60)
    assert published.samefile(second / ROWS), "no byte is kept twice"
    assert not (first / PARTIAL_ROWS).exists(), "the next attempt has a copy"
    log = [event.kind for event in folder_of(runner).events(10)]
    assert log[-2:] == ["continued", "began"], "the log of the run goes on"
    listed = [request.path for request in halting.listing_requests]
    assert len(listed) - len(set(listed)) <= 1, "only the page under way is asked for again"


def test_a_spider_that_was_given_up_spoils_nothing(
    alice: Caller, scrapyd: Daemon, halting: Storefront, jobs: Jobs, home: Home
) -> None:
    collection = alice.schedule()
    alice.until_moving(collection)
    (job,) = jobs.scrapyd.jobs("default")["running"]
    frozen = job["pid"]
    os.kill(frozen, signal.SIGSTOP)
    scrapyd.kill()
    scrapyd.start()
    halting.switches.block = ""
    result = until(
        lambda: refresh_all(jobs) or alice.result(collection), lambda shown: shown["stage"] in ENDED
    )
    assert (result["stage"], result["asin_count"], len(result["asins"])) == ("done", 60, 60)
    assert now(jobs, collection).attempt == 2
    assert not Path("/proc", str(frozen)).exists() or "\nState:\tZ" in _status(frozen)


def _status(number: int) -> str:
    return Path("/proc", str(number), "status").read_text()


def test_what_the_last_attempt_has_stays_while_the_next_one_waits(
    alice: Caller, jobs: Jobs
) -> None:
    runner = queued(jobs, alice.user)
    assert folder_of(runner).kept == 0
    write(attempt_of(runner).path, 1, 2).close()
    runner = following(jobs, runner)
    assert (folder_of(runner).kept, attempt_of(runner).has_begun) == (2, False)
    write(attempt_of(runner).path, 1, 2, 3).close()
    assert (folder_of(runner).path.name, folder_of(runner).kept) == ("2", 3)
    runner = following(jobs, runner)
    attempt_of(runner).path.mkdir()
    assert folder_of(runner).path.name == "2", "a folder with nothing in it has not begun"


def test_the_end_of_an_earlier_attempt_ends_nothing(alice: Caller, jobs: Jobs) -> None:
    runner = queued(jobs, alice.user)
    zombie = write(attempt_of(runner).path, 1, 2)
    runner = following(jobs, runner)
    zombie.finish(summary(asin_count=2))
    zombie.close()
    assert jobs.refresh(runner).stage.value == "queued"
    run = write(attempt_of(runner).path, 1, 2, 3)
    run.finish(summary(asin_count=3))
    run.close()
    ended = jobs.refresh(runner)
    assert (ended.stage.value, ended.asin_count) == ("done", 3)
    assert alice.result(runner.collection.id)["asin_count"] == 3


@pytest.mark.parametrize("begins", [True, False])
def test_an_attempt_that_could_not_start_leaves_the_rows_of_the_last(
    alice: Caller, jobs: Jobs, begins: bool
) -> None:
    runner = queued(jobs, alice.user)
    write(attempt_of(runner).path, 1, 2).close()
    runner = following(jobs, runner)
    attempt = attempt_of(runner).path
    attempt.mkdir()
    if begins:
        write(attempt, 1, 2, 3).close()
    (attempt / "summary.json").write_text(_failed())
    ended = jobs.refresh(runner)
    assert (ended.stage.value, ended.asin_count) == ("failed", 3 if begins else 2)
    result = alice.result(runner.collection.id)
    assert result["asin_count"] == (3 if begins else 2)
    assert result["download_links"]["pages"]


def _failed() -> str:
    ended = summary("failed", asin_count=3)
    return ended.model_dump_json()


def test_a_run_of_an_earlier_version_is_read_and_continued(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    runner = queued(jobs, alice.user)
    write(run_folder(runner), 1, 2).close()
    assert (folder_of(runner).kept, attempt_of(runner).path) == (2, run_folder(runner))
    assert jobs._attempts.again(runner, has_run=True)
    (job,) = jobs.scrapyd.jobs("default")["pending"]
    assert job["args"]["run"].endswith(f"/{runner.id}/attempts/2")
    assert job["args"]["continue_from"].endswith(f"/{runner.id}")


def test_the_next_attempt_continues_the_newest_that_has_begun(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    runner = queued(jobs, alice.user)
    write(attempt_of(runner).path, 1).close()
    runner = following(jobs, runner)
    assert jobs._attempts.again(runner, has_run=False)
    (job,) = jobs.scrapyd.jobs("default")["pending"]
    assert job["id"] == f"r{runner.id}-3"
    assert job["args"]["continue_from"].endswith(f"/{runner.id}/attempts/1")


def test_jobs_lost_while_they_waited_do_not_count_as_stalled(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    runner = queued(jobs, alice.user)
    for _ in range(5):
        assert jobs._attempts.again(runner, has_run=False)
        runner = now(jobs, runner.collection.id)
    assert (runner.attempt, runner.stalled) == (6, 0)
    for _ in range(jobs.settings.stalled_attempts - 1):
        assert jobs._attempts.again(runner, has_run=True)
        runner = now(jobs, runner.collection.id)
    assert not jobs._attempts.again(runner, has_run=True)


def test_follow_ups_come_before_the_backlog_of_their_priority(
    alice: Caller, bob: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs
) -> None:
    greedy = [queued(jobs, alice.user) for _ in range(3)]
    modest = queued(jobs, bob.user)
    low, high = queued(jobs, bob.user, "Low"), queued(jobs, alice.user, "High")
    for runner in (*greedy, low, modest, high):
        jobs._attempts.schedule(runner)
    assert jobs._attempts.again(greedy[1], has_run=False)
    waiting = [job["id"] for job in jobs.scrapyd.jobs("default")["pending"]]
    names = {f"r{r.id}-1": n for r, n in zip(greedy, ("g1", "g2", "g3"), strict=True)}
    names |= {f"r{modest.id}-1": "modest", f"r{low.id}-1": "low", f"r{high.id}-1": "high"}
    names[f"r{greedy[1].id}-2"] = "follow-up"
    assert [names[job] for job in waiting] == ["high", "follow-up", "g1", "g2", "modest", "low"]
    assert greedy[2].is_held, "it is not this user's turn"
