"""The program that makes a table, run as a process."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import openpyxl
import pytest

from category_crawler.files.home import PROJECT
from category_crawler.process_watch import PARENT
from category_crawler.run.rows import json_array, row
from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.maker import TableKind
from tests.records import asins, product

ROWS = [row(product(number, title=f"Lamp,\n{number} 💡")) for number in range(2500)]
LINES = b"".join(ROWS)
FACTS = {"category_url": "https://www.amazon.com/s?k='x'&y=\"", "node_name": "Lámparas"}


def made(tmp_path: Path, kind: TableKind, data: bytes, size: int, parent: int) -> tuple[int, str]:
    """Exit code and message of the program; its table is ``tmp_path / table.kind``."""
    (tmp_path / "rows").write_bytes(data)
    with (tmp_path / "rows").open("rb") as file:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "category_crawler.tables",
                kind,
                str(size),
                tmp_path / f"table.{kind}",
            ],
            cwd=PROJECT,
            env=os.environ | {PARENT: str(parent), "TABLE_FACTS": json.dumps(FACTS)},
            stdin=file,
            capture_output=True,
            check=False,
        )
    return ended.returncode, ended.stderr.decode()


def asins_in(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return [asin for (asin,) in duckdb.sql(f"SELECT asin FROM '{path}'").fetchall()]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path.open("rb"), read_only=True)["Products"]
        rows = sheet.iter_rows(min_row=2, max_col=1, values_only=True)
        return [str(asin) for (asin,) in rows]
    table = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))
    return [line["asin"] for line in table]


def _gone() -> int:
    """The PID of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.mark.parametrize("kind", TableKind)
@pytest.mark.parametrize("form", ["lines", "array"])
def test_the_first_bytes_become_a_table(tmp_path: Path, kind: TableKind, form: str) -> None:
    whole = LINES if form == "lines" else b"".join(json_array(ROWS))
    torn = ROWS[0][:30] if form == "lines" else b""
    code, said = made(tmp_path, kind, whole + torn, len(whole), os.getpid())
    assert (code, said) == (0, "")
    assert asins_in(tmp_path / f"table.{kind}") == list(asins(0, 2499))
    assert {path.name for path in tmp_path.iterdir()} == {"rows", f"table.{kind}"}


@pytest.mark.parametrize("kind", TableKind)
@pytest.mark.parametrize(
    "data", [b"", ROWS[0][:-1], ROWS[0][:-9] + b"\n", b"[]\n" * 99, b"\0" * 999, b"\xff\n" * 999]
)
def test_what_are_no_rows_fail_with_a_sentence(
    tmp_path: Path, kind: TableKind, data: bytes
) -> None:
    code, said = made(tmp_path, kind, data, len(ROWS[0]), os.getpid())
    assert code == 1
    assert said
    assert "Traceback" not in said


def test_without_the_process_that_wanted_it_there_is_no_table(tmp_path: Path) -> None:
    code, _ = made(tmp_path, TableKind.XLSX, LINES * 20, len(LINES) * 20, _gone())
    assert code != 0


def test_the_dataset_has_types_and_says_what_was_asked(tmp_path: Path) -> None:
    line = row(product(7, price_cents=1999, rating=4.5, is_prime=True, badges=["a", "b"]))
    assert made(tmp_path, TableKind.PARQUET, line, len(line), os.getpid()) == (0, "")
    path = tmp_path / "table.parquet"
    found = duckdb.sql(f"SELECT price_cents + 1, rating, is_prime, badges[2] FROM '{path}'")
    assert found.fetchall() == [(2000, 4.5, True, "b")]
    assert tuple(duckdb.sql(f"SELECT * FROM '{path}'").columns) == COLUMNS
    facts = duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')")
    assert dict(facts.fetchall()).items() >= FACTS.items()
    codecs = duckdb.sql(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')")
    assert codecs.fetchall() == [("ZSTD",)]


def test_the_workbook_is_one_for_people(tmp_path: Path) -> None:
    line = row(
        product(
            7,
            title="=1+1",
            price_cents=1999,
            currency="AUD",
            review_count=12345,
            scraped_at="2026-11-27T10:00:00Z",
            url="https://www.amazon.com.au/dp/B000000007",
        )
    )
    assert made(tmp_path, TableKind.XLSX, line, len(line), os.getpid()) == (0, "")
    book = openpyxl.load_workbook((tmp_path / "table.xlsx").open("rb"))
    sheet = book["Products"]
    assert sheet.freeze_panes == "B2"
    assert tuple(cell.value for cell in sheet[1]) == COLUMNS
    cells = {name: sheet.cell(2, column) for column, name in enumerate(COLUMNS, 1)}
    assert (cells["title"].value, cells["title"].data_type) == ("=1+1", "s")
    assert (cells["price"].value, cells["price"].number_format) == (19.99, '#,##0.00 "AUD"')
    assert (cells["review_count"].value, cells["review_count"].number_format) == (12345, "#,##0")
    assert cells["scraped_at"].value.isoformat() == "2026-11-27T10:00:00"
    assert cells["url"].hyperlink.target == "https://www.amazon.com.au/dp/B000000007"
    about = {name.value: value.value for name, value in book["About"].iter_rows(max_col=2)}
    assert about == FACTS
