"""The program that converts rows to a CSV table, run as a process."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT
from category_crawler.run.csv_table import COLUMNS
from category_crawler.run.rows import row
from tests.records import asins, product

ROWS = [row(product(number, title=f"Lamp,\n{number} 💡")) for number in range(2500)]


def filtered(tmp_path: Path, data: bytes, size: int, parent: int) -> tuple[int, bytes, str]:
    source = tmp_path / "rows"
    source.write_bytes(data)
    with source.open("rb") as file:
        ended = subprocess.run(
            [sys.executable, "-m", "category_crawler.run.csv_table", str(size), str(parent)],
            cwd=PROJECT,
            stdin=file,
            capture_output=True,
            check=False,
        )
    return ended.returncode, ended.stdout, ended.stderr.decode()


def test_the_first_bytes_become_a_table(tmp_path: Path) -> None:
    whole = b"".join(ROWS)
    code, table, said = filtered(tmp_path, whole + ROWS[0][:30], len(whole), os.getpid())
    assert (code, said) == (0, "")
    lines = list(csv.DictReader(io.StringIO(table.decode(), newline="")))
    assert [line["asin"] for line in lines] == list(asins(0, 2499))
    assert lines[7]["title"] == "Lamp,\n7 💡"
    assert tuple(lines[0]) == COLUMNS


def test_no_rows_are_a_head(tmp_path: Path) -> None:
    code, table, _ = filtered(tmp_path, ROWS[0], 0, os.getpid())
    assert (code, table.decode()) == (0, ",".join(COLUMNS) + "\r\n")


@pytest.mark.parametrize(
    "data", [b"", ROWS[0][:-1], ROWS[0][:-9] + b"\n", b"[]\n" * 99, b"\0" * 999, b"\xff\n" * 999]
)
def test_what_are_no_rows_fail_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    code, _, said = filtered(tmp_path, data, len(ROWS[0]), os.getpid())
    assert code == 1
    assert said
    assert "Traceback" not in said


def test_without_the_process_that_wanted_it_there_is_no_table(tmp_path: Path) -> None:
    code, _, said = filtered(tmp_path, b"".join(ROWS), len(b"".join(ROWS)), 1)
    assert code == 1
    assert "is gone" in said
