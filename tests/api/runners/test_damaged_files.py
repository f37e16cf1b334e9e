"""What lies in a run's folder troubles that run alone: nothing ends, nothing is believed."""

import json
import os
import signal
from pathlib import Path

import pytest
from flask import Flask

from api.runners.attempts import folder_of, run_folder
from api.runners.lifecycle import Jobs
from api.runners.prune import pruned
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.daemon.cancellation import note_cancelled, was_cancelled
from category_crawler.delivery.report import report_file
from category_crawler.errors import Cancelled
from category_crawler.files.home import results_folder, var_folder
from category_crawler.run.reader import JOB, JOURNAL, LOCK, PARTIAL_ROWS, PROGRESS, ROWS, SUMMARY
from category_crawler.run.writer import Run
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, flask, refresh_all
from tests.crawls import DOMAIN, POSTCODE
from tests.damage import DAMAGES
from tests.records import product, progress, record, summary
from tests.storefront import Storefront
from tests.waiting import until

FILES = (SUMMARY, PROGRESS, JOB, JOURNAL, PARTIAL_ROWS, ROWS, LOCK)
LIST = f"{CATEGORY}/list/"


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


def begun(jobs: Jobs, user: int, stage: str = "scraping") -> Runner:
    """A runner whose spider has died after two pages."""
    runner = jobs.store.runners.add_collection(user, "Lamps", StoredRequest(BODY), [])
    jobs.store.runners.start(runner.id, "2026-01-01T00:00:00Z")
    run = Run.create(folder_of(runner).path, BODY)
    for page in (1, 2):
        run.keep(run.claim(product(number) for number in range(24 * page - 23, 24 * page + 1)))
        run.finish_page(record(page, offset=run.offset))
        run.report(progress(page))
    run.close()
    if stage == "failed":
        jobs.store.runners.end(
            runner.id, Outcome(Stage.FAILED, failed_reason="blocked", asin_count=48)
        )
    return jobs.store.runners.get(runner.id) or runner


def damage(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    DAMAGES[kind](path)


@pytest.mark.parametrize("kind", DAMAGES)
def test_no_call_fails_and_nothing_is_believed(
    alice: Caller, jobs: Jobs, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    runners = {name: begun(jobs, alice.user) for name in FILES}
    ended = {name: begun(jobs, alice.user, "failed") for name in FILES}
    for runner_of in (runners, ended):
        for name, runner in runner_of.items():
            damage(folder_of(runner).path / name, kind)
    well = begun(jobs, alice.user)

    refresh_all(jobs)
    assert [r for r in caplog.records if r.exc_info] == [], "no look failed"
    items = {item["id"]: item for item in alice.post(LIST).get_json()["data"]["items"]}
    assert len(items) == 2 * len(FILES) + 1
    assert items[well.id]["progress"].items() >= progress(2).shown().items()
    for name, runner in runners.items():
        shown = alice.result(runner.collection.id)
        assert (shown["stage"], shown["asins"]) == ("scraping", [])
        if name == PROGRESS:
            assert (shown["progress"]["current_page"], shown["progress"]["total_pages"]) == (
                0,
                None,
            )
        else:
            assert shown["progress"].items() >= progress(2).shown().items()
        for form in ("json", "jsonl", "csv"):
            _download(alice, runner, form, damaged=name == PARTIAL_ROWS)


def _download(caller: Caller, runner: Runner, form: str, *, damaged: bool) -> None:
    path = f"/api/v1/results/{runner.collection.id}/{runner.id}/category_asins.{form}"
    answer = caller.get(path)
    assert answer.status_code in ((200, 404) if damaged else (200,))
    if answer.status_code == 200 and form == "json":
        assert len(answer.get_json()) == (0 if damaged else 48)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_cancel_and_the_end_of_it_outlive_any_file(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, kind: str
) -> None:
    runners = {name: begun(jobs, alice.user) for name in FILES}
    for name, runner in runners.items():
        damage(folder_of(runner).path / name, kind)
        alice.cancel(runner.collection.id)
    refresh_all(jobs)
    assert jobs.store.runners.open() == []
    for name, runner in runners.items():
        shown = alice.result(runner.collection.id)
        assert shown["failed_reason"] == "cancelled"
        assert shown["asin_count"] == (0 if name == PARTIAL_ROWS else 48)


@pytest.mark.parametrize("kind", ["torn", "folder", "pipe", "loop", "huge"])
def test_resume_and_prune_outlive_any_file(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs, kind: str
) -> None:
    runners = {name: begun(jobs, alice.user, "failed") for name in FILES}
    followers: list[Runner] = []
    for name, runner in runners.items():
        damage(folder_of(runner).path / name, kind)
        # One without job.json and journal would have left nothing to go on with.
        made = jobs.resume(runner)
        assert (made.stage, made.earlier) == (Stage.QUEUED, runner.id)
        followers.append(made)
    assert pruned(jobs.store, -5) == 0, "their spiders have not copied the rows yet"
    assert all(os.path.lexists(folder_of(runner).path) for runner in runners.values())
    for made in followers:
        jobs.store.runners.end(made.id, Outcome.failed(Cancelled("Cancelled by user"), 0))
    assert pruned(jobs.store, -5) == len(FILES)
    assert not any(os.path.lexists(run_folder(runner)) for runner in runners.values())


def test_a_file_in_place_of_a_runs_folder_is_pruned(alice: Caller, jobs: Jobs) -> None:
    runner = begun(jobs, alice.user, "failed")
    assert pruned(jobs.store, -5) == 1
    run_folder(runner).parent.mkdir(parents=True)
    run_folder(runner).write_text("a file")
    logs = var_folder() / "logs/default/category"
    (logs / f"r{runner.id}-1.log").mkdir(parents=True)
    assert pruned(jobs.store, -5) == 0, "a log that cannot be removed"
    (logs / f"r{runner.id}-1.log").rmdir()
    assert pruned(jobs.store, -5) == 1
    assert flask("prune", "--older-than", "1h").returncode == 0


@pytest.mark.parametrize("kind", [*DAMAGES, "missing", "cut", "short"])
def test_done_is_believed_only_with_a_whole_result_file(
    alice: Caller, jobs: Jobs, kind: str
) -> None:
    runner = begun(jobs, alice.user)
    path = folder_of(runner).path
    run = Run.resume(path)
    run.finish(summary(asin_count=48))
    run.close()
    whole = (path / ROWS).read_bytes()
    (path / ROWS).unlink()
    if kind in DAMAGES:
        DAMAGES[kind](path / ROWS)
    elif kind != "missing":
        lines = whole.splitlines(keepends=True)
        (path / ROWS).write_bytes(whole[:-9] if kind == "cut" else b"".join(lines[:1] + lines[2:]))
    refresh_all(jobs)
    assert alice.result(runner.collection.id)["stage"] == "scraping"
    if (path / ROWS).is_dir():
        (path / ROWS / "sub").rmdir()
        (path / ROWS).rmdir()
    (path / ROWS).unlink(missing_ok=True)
    (path / ROWS).write_bytes(whole)
    refresh_all(jobs)
    result = alice.result(runner.collection.id)
    assert (result["stage"], len(result["asins"])) == ("done", 48)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_result_file_damaged_later_is_not_handed_on(alice: Caller, jobs: Jobs, kind: str) -> None:
    runner = begun(jobs, alice.user)
    path = folder_of(runner).path
    run = Run.resume(path)
    run.finish(summary(asin_count=48))
    run.close()
    refresh_all(jobs)
    damage(path / ROWS, kind)
    result = alice.result(runner.collection.id)
    assert (result["stage"], result["asin_count"], result["asins"]) == ("done", 48, [])
    for form in ("json", "jsonl", "csv"):
        path = f"/api/v1/results/{runner.collection.id}/{runner.id}/category_asins.{form}"
        answer = alice.get(path)
        assert answer.status_code == 404
        assert "missing or damaged" in answer.get_json()["data"]


@pytest.mark.parametrize("kind", ["torn", "folder", "pipe"])
def test_a_note_of_a_cancel_is_a_file_and_nothing_else(app: Flask, kind: str) -> None:
    run = "1/1/1/attempts/1"
    folder = results_folder() / run
    folder.mkdir(parents=True)
    DAMAGES[kind](folder / "cancelled")
    for _ in range(2):
        if kind == "folder":
            assert was_cancelled(folder) == (not (folder / "cancelled").is_dir())
        note_cancelled(run)
        assert was_cancelled(folder)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((SUMMARY, kind) for kind in ("object", "folder", "wrong types")),
        *((JOB, kind) for kind in ("torn", "folder")),
        *((PROGRESS, kind) for kind in ("binary", "pipe")),
        *((JOURNAL, kind) for kind in ("folder", "binary")),
        *((PARTIAL_ROWS, kind) for kind in ("list", "loop")),
        (LOCK, "folder"),
    ],
)
def test_the_next_attempt_goes_on_whatever_lies_there(
    alice: Caller, scrapyd: Daemon, shop: Storefront, jobs: Jobs, name: str, kind: str
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    collection = alice.schedule()
    alice.until_moving(collection)
    runner = jobs.store.runners.newest(alice.user, collection)
    assert runner is not None
    path = folder_of(runner).path
    (job,) = jobs.scrapyd.jobs("default")["running"]
    os.kill(job["pid"], signal.SIGSTOP)
    damage(path / name, kind)
    shop.switches.block = ""
    os.kill(job["pid"], signal.SIGKILL)
    result = until(
        lambda: refresh_all(jobs) or alice.result(collection), lambda shown: shown["stage"] in ENDED
    )
    assert (result["stage"], result["failed_message"]) == ("done", None)
    assert len({row["asin"] for row in result["asins"]}) == len(result["asins"]) == 60
    assert result["coverage"]["complete"] is True
    assert not [file.name for file in path.iterdir() if ".damaged" in file.name], "left as it is"
    following = path.parent / "2"
    assert json.loads((following / JOB).read_bytes())["postcode"] == POSTCODE
    assert json.loads((following / JOB).read_bytes())["domain"] == DOMAIN


def test_a_job_file_that_says_something_else_is_not_gone_on_with(
    alice: Caller, scrapyd: Daemon, shop: Storefront, jobs: Jobs
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    collection = alice.schedule()
    alice.until_moving(collection)
    runner = jobs.store.runners.newest(alice.user, collection)
    assert runner is not None
    path = folder_of(runner).path
    (job,) = jobs.scrapyd.jobs("default")["running"]
    said = json.loads((path / JOB).read_bytes())
    (path / JOB).write_text(json.dumps(said | {"price_max_cents": 1}))
    shop.switches.block = ""
    os.kill(job["pid"], signal.SIGKILL)
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
    assert json.loads((path.parent / "2" / JOB).read_bytes()) == said
    first = shop.listing_requests[0].path
    assert [request.path for request in shop.listing_requests].count(first) == 2, "begun anew"
    assert (path / JOURNAL).stat().st_size, "kept for the operator"


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_delivery_report_says_nothing(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs, kind: str
) -> None:
    answer = alice.post("/api/v1/zipcodes/create-zipcode/", {"domain": 1, "zipcode": "4501"})
    assert answer.get_json()["data"]["status"] == "pending"
    report = report_file("z1-1")
    report.parent.mkdir(parents=True, exist_ok=True)
    DAMAGES[kind](report)
    refresh_all(jobs)
    (zipcode,) = alice.post("/api/v1/zipcodes/get-zipcodes/").get_json()["data"]
    assert zipcode["status"] == "pending", "the job is still in the queue"
