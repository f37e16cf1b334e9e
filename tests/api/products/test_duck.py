"""DuckDB in the API: what does not fit into memory, and what killed processes have left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.products import duck
from api.products.duck import rows_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it spills; the database of other tests is set aside."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    duck._database.cache_clear()
    return tmp_path / "var" / "duckdb"


def test_leftovers_of_killed_processes_go(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    for name in (str(gone.pid), str(os.getppid()), "other"):
        (folder / name).mkdir(parents=True)
    assert rows_of("SELECT ? AS one", [1]) == [{"one": 1}]
    assert {path.name for path in folder.iterdir()} == {str(os.getppid()), "other"}


def test_a_question_larger_than_memory_is_answered(folder: Path) -> None:
    duck.cursor_of().execute("SET memory_limit = '40MB'")
    sql = "SELECT count(*) AS n FROM (SELECT hash(i) AS h, i FROM range(?) t(i) ORDER BY h)"
    assert rows_of(sql, [3_000_000]) == [{"n": 3_000_000}]
    duck._database.cache_clear()


def test_a_file_that_has_gone_is_an_error_of_the_disk(folder: Path) -> None:
    with pytest.raises(OSError, match=r"No files found|gone\.parquet"):
        rows_of("SELECT * FROM read_parquet(?)", [str(folder / "gone.parquet")])
