"""A run whose files are gone: every answer agrees that they are, and says when and why."""

import shutil
import signal
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from flask import Flask

from api.runners.attempts import folder_of, run_folder
from api.runners.lifecycle import Jobs
from api.runners.prune import pruned
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.errors import Cancelled, Crashed, RunError
from category_crawler.files.home import PROJECT
from category_crawler.run.reader import PARTIAL_ROWS, ROWS, SUMMARY
from category_crawler.run.writer import Run, write_failed_start
from category_crawler.times import utc_in
from tests.api.ended_runs import ended
from tests.api.services import BODY, CATEGORY, Caller, flask
from tests.crawls import Home
from tests.records import progress, summary

RULE = "prune --older-than 30d"


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


def listed(caller: Caller) -> dict[str, Any]:
    """The newest collection as the list shows it."""
    item: dict[str, Any] = caller.post(f"{CATEGORY}/list/").get_json()["data"]["items"][0]
    return item


def downloads(caller: Caller, runner: Runner) -> set[tuple[int, str]]:
    """How every form of a download is refused."""
    path = f"/api/v1/results/{runner.collection.id}/{runner.id}/category_asins"
    answers = [caller.get(f"{path}.{form}") for form in ("json", "jsonl", "csv")]
    return {(answer.status_code, answer.get_json()["data"]) for answer in answers}


def agree(told: dict[str, Any], before: dict[str, Any]) -> None:
    """An answer about a run without files says nothing that its own words contradict."""
    assert told["is_download_generated"] is False
    assert told["download_links"] == {"pages": [], "all_pages": ""}
    assert told["progress"]["products_found"] == told["asin_count"] == 48
    same = ("id", "stage", "schedule_status", "coverage", "failed_reason", "failed_message")
    assert {name: told[name] for name in same} == {name: before[name] for name in same}
    assert told["asked"] == before["asked"]
    assert told["asked"]["node_name"] == "Lighting"


@pytest.mark.parametrize("stage", ["done", "failed"])
def test_after_prune_every_answer_says_when_and_by_which_rule(
    alice: Caller, store: Store, stage: str
) -> None:
    runner = ended(store, alice.user, stage)
    before = alice.result(runner.collection.id)
    assert (before["files_removed_at"], before["files_removed_by"]) == (None, None)
    assert before["is_download_generated"] is (stage == "done")
    assert len(before["download_links"]["pages"]) == 1
    begun = utc_in(0)
    said = flask("prune", "--older-than", "30d")
    assert said.stdout == "Files of 1 run removed\n", said.stderr
    for told in (alice.result(runner.collection.id), listed(alice)):
        agree(told, before)
        assert begun <= told["files_removed_at"] <= utc_in(0)
        assert told["files_removed_by"] == RULE
        assert told["progress"] == before["progress"], "it outlives its file"
        assert told["warnings"] == ["of the request", "of the spider"]
    assert alice.result(runner.collection.id)["asins"] == []
    why = f"The files of runner {runner.id} were removed at {told['files_removed_at']} by {RULE}"
    assert downloads(alice, runner) == {(404, why)}


@pytest.mark.parametrize("stage", ["done", "failed"])
@pytest.mark.parametrize("gone", ["folder", "rows"])
def test_files_that_somebody_else_removed_are_said_to_be_missing(
    alice: Caller, store: Store, stage: str, gone: str
) -> None:
    runner = ended(store, alice.user, stage)
    before = alice.result(runner.collection.id)
    folder = folder_of(runner).path
    if gone == "folder":
        shutil.rmtree(run_folder(runner))
    else:
        (folder / PARTIAL_ROWS).unlink(missing_ok=True)
        (folder / ROWS).unlink(missing_ok=True)
    for told in (alice.result(runner.collection.id), listed(alice)):
        agree(told, before)
        assert (told["files_removed_at"], told["files_removed_by"]) == (None, None)
        assert "no removal is recorded: ask its operator" in told["warnings"][-1]
        known = None if gone == "folder" else 2
        assert told["progress"]["pages_finished"] == told["progress"]["current_page"] == known
    ((code, why),) = downloads(alice, runner)
    assert (code, "no removal is recorded" in why) == (404, True)
    pruned(store, -5, RULE)
    recorded = alice.result(runner.collection.id)["files_removed_by"]
    assert recorded == (None if gone == "folder" else RULE), "what it removed, it says"


@pytest.mark.parametrize("damage", ["cut", "in the middle", "emptied"])
def test_a_damaged_result_file_is_not_said_to_be_generated(
    alice: Caller, store: Store, damage: str
) -> None:
    runner = ended(store, alice.user)
    folder = folder_of(runner)
    whole = folder.rows.read_bytes()
    middle = whole.replace(b'"asin"', b'"\xff"', 1)
    folder.rows.write_bytes({"cut": whole[:-9], "in the middle": middle, "emptied": b""}[damage])
    told = alice.result(runner.collection.id)
    assert (told["is_download_generated"], told["asins"]) == (False, [])
    assert "missing or damaged" in told["warnings"][-1]
    # A list of many large files looks at their ends only.
    assert listed(alice)["is_download_generated"] is (damage == "in the middle")
    assert told["download_links"]["pages"] == []
    ((code, why),) = downloads(alice, runner)
    assert (code, "missing or damaged" in why) == (404, True)


def test_a_run_without_products_is_whole(alice: Caller, store: Store) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
    run = Run.create(folder_of(runner).path, BODY)
    run.finish(summary())
    run.close()
    store.runners.end(runner.id, Outcome(Stage.DONE))
    for told in (alice.result(runner.collection.id), listed(alice)):
        assert (told["is_download_generated"], told["warnings"]) == (True, [])


def test_a_run_that_never_had_files_lacks_none(alice: Caller, store: Store) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
    store.runners.end(runner.id, Outcome(Stage.FAILED, failed_reason="cancelled"))
    assert pruned(store, -5, RULE) == 0
    told = alice.result(runner.collection.id)
    assert (told["files_removed_at"], told["warnings"]) == (None, [])
    assert told["progress"]["pages_finished"] == 0


PRUNE_AND_DIE = """
    import os, shutil, signal, sys
    from api import create_app
    from api.runners import prune

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    # What it imports has removed files of its own by then.
    app = create_app()
    place = sys.argv[1]
    if place == "before the first file":
        prune._without_files = die
    elif place == "after some files":
        real = os.unlink
        def one(path, *rest, **more):
            real(path, *rest, **more)
            die()
        os.unlink = one
    else:
        from api.store.runners import Runners
        Runners.remove_files = die
    prune.pruned(app.extensions["services"].store, 0, "prune --older-than 0h")
"""


@pytest.mark.parametrize("stage", ["done", "failed"])
@pytest.mark.parametrize(
    "place", ["before the record", "before the first file", "after some files"]
)
def test_a_kill_in_the_middle_of_prune_leaves_a_true_state(
    alice: Caller, store: Store, home: Home, place: str, stage: str
) -> None:
    runner = ended(store, alice.user, stage)
    before = alice.result(runner.collection.id)
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PRUNE_AND_DIE), place],
        cwd=PROJECT,
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    assert folder_of(runner).path.exists()
    if place == "before the record":
        assert alice.result(runner.collection.id) == before
        return
    for told in (alice.result(runner.collection.id), listed(alice)):
        agree(told, before)
        assert told["files_removed_by"] == "prune --older-than 0h"
        assert told["progress"] == before["progress"]
    ((code, why),) = downloads(alice, runner)
    assert (code, f"removed at {told['files_removed_at']}" in why) == (404, True)
    assert pruned(store, -5, RULE) == 1
    assert not folder_of(runner).path.exists()
    again = alice.result(runner.collection.id)
    assert again["files_removed_at"] == told["files_removed_at"], "the first record stays"
    assert again["files_removed_by"] == "prune --older-than 0h"


def test_a_run_whose_files_are_being_removed_is_not_continued(
    alice: Caller, store: Store, jobs: Jobs
) -> None:
    runner = ended(store, alice.user, "failed")
    assert store.runners.remove_files({runner.id: None}, RULE) == {runner.id}
    with pytest.raises(RunError, match=f"removed at .* by {RULE}: schedule the category anew"):
        jobs.resume(store.runners.get(runner.id) or runner)
    assert store.runners.add(runner, 48, 1) is None, "also where the record came a moment later"


def test_files_that_an_open_run_continues_are_not_removed(alice: Caller, store: Store) -> None:
    runner = ended(store, alice.user, "failed")
    assert store.runners.add(runner, 48, 1) is not None
    assert store.runners.remove_files({runner.id: None}, RULE) == set()
    assert pruned(store, -5, RULE) == 0
    assert (folder_of(runner).path / SUMMARY).exists()


@pytest.mark.parametrize("ending", ["cancelled", "lost", "without a start"])
def test_a_run_that_the_spider_did_not_end_still_knows_its_node(
    alice: Caller, jobs: Jobs, store: Store, ending: str
) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
    run = Run.create(folder_of(runner).path, BODY)
    run.report(progress(1, node_name="Lighting"))
    run.close()
    assert alice.result(runner.collection.id)["asked"]["node_name"] == "Lighting", "it goes on"
    if ending == "cancelled":
        alice.cancel(runner.collection.id)
    elif ending == "lost":
        jobs._fail(runner, Crashed("it got no further"))
    else:
        write_failed_start(folder_of(runner).path, summary("failed"))
        alice.result(runner.collection.id)
    ended_as = store.runners.get(runner.id)
    assert ended_as is not None
    assert (ended_as.stage, ended_as.node_name) == (Stage.FAILED, "Lighting")


def test_a_cancelled_spider_may_learn_the_nodes_name_until_it_is_gone(
    alice: Caller, store: Store
) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
    store.runners.end(runner.id, Outcome.failed(Cancelled("x"), 0, is_stopping=True))
    assert alice.result(runner.collection.id)["asked"]["node_name"] is None
    assert store.runners.see_out(runner.id, 24, "Lighting")
    assert alice.result(runner.collection.id)["asked"]["node_name"] == "Lighting"


def test_a_progress_of_another_version_is_left_out(alice: Caller, store: Store) -> None:
    runner = ended(store, alice.user)
    pruned(store, -5, RULE)
    store.db.conn.execute("UPDATE runners SET last_progress = '{\"page\": 1}'")
    told = alice.result(runner.collection.id)
    assert (told["progress"]["products_found"], told["progress"]["current_page"]) == (48, None)
