"""Scrapyd's own databases: a damaged one never keeps Scrapyd from starting."""

import sqlite3
from pathlib import Path

from category_crawler.daemon.job_database import set_damaged_aside
from tests.trouble import locked


def test_a_damaged_database_is_set_aside_and_a_whole_one_stays(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "whole.db").execute("CREATE TABLE jobs (id)")
    (tmp_path / "default.db").write_bytes(b"no database" * 500)
    set_damaged_aside(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"whole.db", "default.db.damaged"}


def test_a_locked_database_stays(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "jobs.db").execute("CREATE TABLE jobs (id)")
    with locked(tmp_path / "jobs.db"):
        set_damaged_aside(tmp_path)
    assert [path.name for path in tmp_path.glob("*.db*")] == ["jobs.db"]
