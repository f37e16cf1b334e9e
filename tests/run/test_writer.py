"""A run's files: rows survive a kill, incomplete lines are cut off, the result file is complete."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from category_crawler.errors import RunError, RunExists, RunLocked, StorageFailed
from category_crawler.run.reader import RunFolder
from category_crawler.run.writer import Run, publish, remove_rows
from tests.damage import DAMAGES
from tests.records import asins, product, progress, record, summary
from tests.trouble import room_for

JOB = {"category_url": "https://www.amazon.com.au/s?rh=n%3A1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "local" / "a"


def keep_page(run: Run, page: int, numbers: range) -> None:
    run.keep(run.claim(product(number) for number in numbers))
    run.finish_page(record(page, offset=run.offset))


def keep_and_report(run: Run) -> None:
    run.keep([product(25)])
    run.report(progress())


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "products.part").read_bytes().splitlines()]


def test_a_product_is_claimed_once(folder: Path) -> None:
    run = Run.create(folder, JOB)
    assert [p.asin for p in run.claim([product(1), product(2), product(1)])] == list(asins(1, 2))
    assert run.claim([product(2), product(3)], limit=3) == [product(3)]
    assert run.claim([product(4)], limit=3) == []
    run.close()


def test_a_kept_row_is_readable_at_once(folder: Path) -> None:
    run = Run.create(folder, JOB)
    run.keep([product(1, title="Lámpara 💡")])
    assert rows(folder)[0]["title"] == "Lámpara 💡"
    assert (run.kept, run.kept_without_price) == (1, 0)
    run.close()


def test_the_result_file_is_whole_and_comes_before_the_summary(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 4))
    assert not (folder / "category_asins.json").exists()
    run.finish(summary(asin_count=3))
    run.close()
    result = json.loads((folder / "category_asins.json").read_bytes())
    assert [row["asin"] for row in result] == list(asins(1, 3))
    assert RunFolder(folder).summary == summary(asin_count=3)
    assert (folder / "category_asins.json").stat().st_mtime_ns <= (
        folder / "summary.json"
    ).stat().st_mtime_ns


def test_a_failed_run_keeps_its_rows_and_has_no_result_file(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 4))
    run.end(summary("failed"))
    run.close()
    assert len(rows(folder)) == 3
    assert not (folder / "category_asins.json").exists()


def test_two_processes_never_write_one_run(folder: Path) -> None:
    run = Run.create(folder, JOB)
    second = "import sys; from pathlib import Path; from category_crawler.run.writer import Run\n"
    second += "Run.resume(Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", second, str(folder)], capture_output=True, text=True, check=False
    )
    run.close()
    assert "RunLocked" in done.stderr
    Run.resume(folder).close()


def test_a_lock_is_taken_before_anything_is_touched(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 4))
    before = (folder / "products.part").read_bytes()
    with pytest.raises(RunLocked):
        Run.resume(folder)
    assert (folder / "products.part").read_bytes() == before
    run.close()


def test_resuming_cuts_what_the_journal_is_not_certain_of(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.keep([product(25)])
    run.close()
    with (folder / "products.part").open("ab") as part:
        part.write(b'{"asin":"B0000')
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(record(2).to_json()[:40])

    resumed = Run.resume(folder)
    assert [r.page for r in resumed.finished_pages()] == [1]
    assert resumed.asins == set(asins(1, 24))
    keep_page(resumed, 2, range(20, 31))
    resumed.close()
    assert [row["asin"] for row in rows(folder)] == list(asins(1, 30))
    again = Run.resume(folder)
    assert [r.page for r in again.finished_pages()] == [1, 2]
    assert again.kept == 30
    again.close()


def test_a_page_that_could_not_be_written_whole_leaves_nothing(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    before = (folder / "products.part").read_bytes()
    journal = (folder / "journal.jsonl").read_bytes()
    failed = pytest.raises(StorageFailed, match=r"products.part of the run .*\(File too large\)")
    with room_for(len(before) + 500), failed, run.whole_page():
        keep_page(run, 2, range(25, 49))
    run.close()
    assert run.kept == len(rows(folder)) == 24
    assert (folder / "products.part").read_bytes() == before
    assert (folder / "journal.jsonl").read_bytes() == journal


def test_rows_of_a_page_that_the_journal_does_not_take_are_cut_off(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").symlink_to("/dev/full")
    run = Run.create(folder, JOB)
    with pytest.raises(StorageFailed, match="No space left"), run.whole_page():
        keep_page(run, 1, range(1, 25))
    run.close()
    assert run.kept == len(rows(folder)) == 0


def test_a_resumed_run_falls_back_to_what_it_was_resumed_with(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.close()
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(record(2).to_json()[:40])
    resumed = Run.resume(folder)
    (folder / "progress.json").mkdir()
    with pytest.raises(StorageFailed), resumed.whole_page():
        keep_and_report(resumed)
    resumed.close()
    assert resumed.kept == len(rows(folder)) == 24
    assert (folder / "journal.jsonl").read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("left", [b"", b'{"asin":"B0000', b"\0" * 4000])
def test_pages_whose_rows_a_power_cut_took_are_asked_for_again(folder: Path, left: bytes) -> None:
    run = Run.create(folder, JOB)
    for page in (1, 2, 3):
        keep_page(run, page, range(24 * page - 23, 24 * page + 1))
    run.close()
    lines = (folder / "products.part").read_bytes().splitlines(keepends=True)
    (folder / "products.part").write_bytes(b"".join(lines[:30]) + left)
    resumed = Run.resume(folder)
    assert [r.page for r in resumed.finished_pages()] == [1]
    assert resumed.kept == len(rows(folder)) == 24
    keep_page(resumed, 2, range(25, 49))
    resumed.close()
    assert [r.page for r in Run.resume(folder).finished_pages()] == [1, 2]


def test_advertised_products_come_once_and_never_beside_an_organic_row(folder: Path) -> None:
    run = Run.create(folder, JOB)
    run.keep_advertisements(
        [product(1, sponsored=True), product(9, sponsored=True), product(9, sponsored=True)]
    )
    run.close()
    with (folder / "sponsored.part").open("ab") as part:
        part.write(b'{"asin":"B0')
    run = Run.resume(folder)
    run.claim([product(1)])
    assert [p.asin for p in run.advertisements()] == list(asins(9, 9))
    run.close()


def test_a_run_is_not_begun_over_another(folder: Path) -> None:
    Run.create(folder, JOB).close()
    with pytest.raises(RunExists, match="resume"):
        Run.create(folder, JOB)


def test_an_ended_run_is_not_resumed(folder: Path) -> None:
    run = Run.create(folder, JOB)
    run.finish(summary())
    run.close()
    with pytest.raises(RunExists, match="already ended"):
        Run.resume(folder)


def test_a_folder_without_a_run_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run to resume"):
        Run.resume(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"):
        Run.create(tmp_path / "file" / "a", JOB)


def test_who_looks_sees_whether_a_run_is_being_written(folder: Path) -> None:
    seen = RunFolder(folder)
    assert (seen.has_begun, seen.is_locked, seen.summary, seen.kept) == (False, False, None, 0)
    run = Run.create(folder, JOB)
    run.keep([product(1), product(2)])
    with (folder / "products.part").open("ab") as part:
        part.write(b'{"asin":"B0000')
    assert (seen.has_begun, seen.is_locked, seen.progress, seen.kept) == (True, True, None, 2)
    run.report(progress())
    run.close()
    assert (seen.is_locked, seen.progress) == (False, progress())


def test_who_looks_sees_whether_a_spider_is_quiet(folder: Path) -> None:
    seen = RunFolder(folder)
    assert not seen.is_quiet(0)
    run = Run.create(folder, JOB)
    assert (seen.is_quiet(60), seen.is_quiet(0)) == (False, True)
    os.utime(folder / "run.lock", (1, 1))
    assert seen.is_quiet(60)
    run.report(progress())
    assert not seen.is_quiet(60)
    run.report(progress(pause=3600))
    long_ago = time.time() - 3500
    os.utime(folder / "progress.json", (long_ago, long_ago))
    assert not seen.is_quiet(0), "the pause that it announced is not over"
    run.close()


@pytest.mark.parametrize(
    "line",
    [
        *(b"\n", b"[]\n", b"{}\n", b"null\n", b"\xff\n", b"\0" * 50 + b"\n", b'{"listing": 5}\n'),
        record(2).to_json().replace(b'"page":2', b'"page":"two"'),
        record(2, asins="B1").to_json(),
        record(2, prices=("x",)).to_json(),
        record(2, offset=-1).to_json(),
        record(2, offset=10**9).to_json(),
        record(2, offset=10).to_json(),
    ],
)
def test_a_damaged_journal_is_cut_back_to_where_it_is_whole(folder: Path, line: bytes) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    whole = (folder / "journal.jsonl").read_bytes()
    keep_page(run, 2, range(25, 49))
    behind = (folder / "journal.jsonl").read_bytes()[len(whole) :]
    run.close()
    (folder / "journal.jsonl").write_bytes(whole + line + behind)
    resumed = Run.resume(folder)
    assert [record.page for record in resumed.finished_pages()] == [1]
    assert resumed.asins == set(asins(1, 24))
    resumed.close()
    assert (folder / "journal.jsonl").read_bytes() == whole


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_run_goes_on_from_its_journal_whatever_it_said_of_itself(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.close()
    for name in ("summary.json", "progress.json", "category_asins.json", "sponsored.part"):
        (folder / name).unlink(missing_ok=True)
        damage(folder / name)
    resumed = Run.resume(folder)
    resumed.report(progress())
    keep_page(resumed, 2, range(25, 49))
    resumed.finish(summary(asin_count=48))
    resumed.close()
    seen = RunFolder(folder)
    assert seen.is_done
    assert (seen.summary, seen.progress) == (summary(asin_count=48), progress())
    kept = {path.name for path in folder.iterdir() if path.name.endswith(".damaged")}
    assert {f"{name}.damaged" for name in ("summary.json", "progress.json")} <= kept


def _finished(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.finish(summary(asin_count=24))
    run.close()


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_run_that_has_lost_its_list_begins_anew(folder: Path, text: str | None) -> None:
    _finished(folder)
    result = folder / "category_asins.json"
    whole = result.read_bytes()
    result.unlink()
    if text is not None:
        result.write_text(text)
    resumed = Run.resume(folder)
    assert (resumed.kept, list(resumed.finished_pages())) == (0, [])
    keep_page(resumed, 1, range(1, 25))
    resumed.finish(summary(asin_count=24))
    resumed.close()
    assert result.read_bytes() == whole


def test_the_rows_of_a_run_that_is_done_are_kept_once(folder: Path) -> None:
    _finished(folder)
    assert not (folder / "products.part").exists()
    assert (RunFolder(folder).kept, RunFolder(folder).looks_whole) == (24, True)
    # A kill between the summary and the removal leaves both.
    (folder / "products.part").write_bytes(b"")
    assert RunFolder(folder).kept == 24
    for begin in (lambda: Run.resume(folder), lambda: Run.create(folder, JOB)):
        with pytest.raises(RunExists):
            begin()
        assert not (folder / "products.part").exists()


@pytest.mark.parametrize("again", ["resumed", "continued"])
def test_a_whole_list_without_its_summary_gives_the_rows_back(folder: Path, again: str) -> None:
    _finished(folder)
    whole = (folder / "category_asins.json").read_bytes()
    (folder / "summary.json").unlink()
    place = folder if again == "resumed" else folder.with_name("other")
    run = Run.resume(folder) if again == "resumed" else Run.create(place, JOB, folder)
    assert (run.kept, [page.page for page in run.finished_pages()]) == (24, [1])
    run.finish(summary(asin_count=24))
    run.close()
    assert (place / "category_asins.json").read_bytes() == whole


def test_a_folder_with_finished_pages_is_no_place_for_a_new_run(folder: Path) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.close()
    (folder / "job.json").unlink()
    with pytest.raises(RunExists):
        Run.create(folder, JOB)
    assert RunFolder(folder).has_begun
    resumed = Run.resume(folder, JOB)
    assert resumed.kept == 24
    resumed.close()
    assert json.loads((folder / "job.json").read_bytes()) == JOB


@pytest.mark.parametrize("damage", ["folder", "pipe", "loop"])
def test_a_continued_run_begins_anew_where_the_earlier_one_is_unreadable(
    folder: Path, tmp_path: Path, damage: str
) -> None:
    run = Run.create(folder, JOB)
    keep_page(run, 1, range(1, 25))
    run.close()
    (folder / "products.part").unlink()
    DAMAGES[damage](folder / "products.part")
    continued = Run.create(tmp_path / "b", JOB, earlier=folder)
    assert (continued.kept, list(continued.finished_pages())) == (0, [])
    continued.close()


def attempt(folder: Path, number: int) -> Path:
    return folder / "attempts" / str(number)


def done(folder: Path, numbers: range) -> Run:
    run = Run.create(folder, JOB)
    keep_page(run, 1, numbers)
    (folder / "plan.json").write_text("{}")
    run.finish(summary(asin_count=len(numbers)))
    run.close()
    return run


def test_the_files_of_a_finished_attempt_get_a_second_name(folder: Path) -> None:
    done(attempt(folder, 1), range(1, 25))
    for _ in range(2):
        publish(attempt(folder, 1))
    for name in ("category_asins.json", "plan.json"):
        assert (folder / name).samefile(attempt(folder, 1) / name)
    assert sorted(path.name for path in folder.iterdir()) == [
        *("attempts", "category_asins.json", "plan.json")
    ]


def test_a_newer_attempt_takes_the_name_over(folder: Path) -> None:
    for number in (1, 2):
        done(attempt(folder, number), range(1, 25 * number))
        publish(attempt(folder, number))
    assert (folder / "category_asins.json").samefile(attempt(folder, 2) / "category_asins.json")
    remove_rows(attempt(folder, 1))
    assert len(json.loads((folder / "category_asins.json").read_bytes())) == 49


def test_where_there_are_no_links_the_files_are_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    done(attempt(folder, 1), range(1, 25))
    # No file system without links can be mounted here without root.
    monkeypatch.setattr(os, "link", refuse)
    publish(attempt(folder, 1))
    there = attempt(folder, 1) / "category_asins.json"
    assert (folder / "category_asins.json").read_bytes() == there.read_bytes()
    assert not (folder / "category_asins.json").samefile(there)


def test_a_run_in_one_folder_has_nothing_to_publish(folder: Path) -> None:
    done(folder, range(1, 25))
    publish(folder)
    assert (folder / "category_asins.json").stat().st_nlink == 1
