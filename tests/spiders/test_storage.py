"""A run whose files cannot be written: it stops with that reason and keeps complete pages."""

import resource

import pytest

from tests.crawls import Ended, Home
from tests.forks import start


def test_a_disk_that_takes_no_more_rows_ends_the_run_and_keeps_whole_pages(home: Home) -> None:
    # A module that is compiled at the limit would be broken for everybody.
    environment = home.environment | {"PYTHONDONTWRITEBYTECODE": "1"}
    process = start(*home.command(), environment=environment)
    # Before its first page: importing alone takes longer than this.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
    _, said = process.communicate(timeout=60)
    ended = Ended(process.returncode, said, home.folder / "results/local/a")
    assert (ended.code, ended.summary["failed_reason"]) == (1, "storage"), said
    assert "products.part of the run could not be written (File too large)" in said
    assert len(ended.rows) == ended.summary["asin_count"] == 24
    assert len((ended.folder / "journal.jsonl").read_bytes().splitlines()) == 1
    assert not (ended.folder / "category_asins.json").exists()
    assert "storage" in said.splitlines()[-1]
    assert "Traceback" not in said


def test_a_journal_that_takes_nothing_ends_the_run(home: Home) -> None:
    folder = home.folder / "results/local/a"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").symlink_to("/dev/full")
    ended = home.crawl()
    assert (ended.code, ended.summary["failed_reason"]) == (1, "storage"), ended.said
    assert "journal.jsonl of the run could not be written (No space" in ended.said
    assert (ended.rows, ended.summary["asin_count"]) == ([], 0)
    assert len(home.shop.listing_requests) == 1


@pytest.mark.parametrize("name", ["category_asins.json", "summary.json"])
def test_a_run_whose_end_cannot_be_written_is_never_done(home: Home, name: str) -> None:
    (home.folder / "results/local/a" / name).mkdir(parents=True)
    ended = home.crawl()
    assert ended.code == 1
    assert len(ended.rows) == 60
    assert f"{name} of the run could not be written (Is a directory)" in ended.said.splitlines()[-1]
    assert "60 products are kept" in ended.said.splitlines()[-1]
    assert "Traceback" not in ended.said
    if name == "category_asins.json":
        assert (ended.summary["stage"], ended.summary["failed_reason"]) == ("failed", "storage")
        assert ended.summary["asin_count"] == 60
