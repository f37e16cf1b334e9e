"""Rows: one product per line, and which lines of a file are complete."""

import json
from pathlib import Path

import pytest

from category_crawler.items import Product
from category_crawler.run.rows import json_array, row, rows_of_array, whole_rows
from tests.records import product


def test_a_row_reads_back_as_its_product() -> None:
    given = product(1, title="Lámpara 💡\n", badges=["Best Seller"])
    assert row(given).count(b"\n") == 1
    assert Product(**json.loads(row(given))) == given


def test_no_rows_are_an_empty_array() -> None:
    assert json.loads(b"".join(json_array([]))) == []


@pytest.mark.parametrize(
    "left",
    [
        *(b"", b'{"asin":"B0', row(product(3)).rstrip(), b"\0" * 99, b"[]\n", b"{}\n", b"5\n"),
        *(b'{"asin":5}\n', b'{"asin":"B000000003","price_cents":"x"}\n', b"\xff\xfe\n"),
        b"[" * 100_000 + b"\n" + row(product(4)),
    ],
)
def test_rows_are_whole_up_to_the_first_that_is_not(tmp_path: Path, left: bytes) -> None:
    rows = row(product(1)) + row(product(2))
    (tmp_path / "a").write_bytes(rows + left)
    assert whole_rows(tmp_path / "a") == len(rows)


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_an_array_is_whole_with_its_last_bracket_only(number: int) -> None:
    whole = b"".join(json_array(row(product(n)) for n in range(number)))
    assert rows_of_array(whole.splitlines(keepends=True)) == number
    for cut in range(len(whole)):
        assert rows_of_array(whole[:cut].splitlines(keepends=True)) is None
    assert rows_of_array((whole + b"\n").splitlines(keepends=True)) is None
    assert rows_of_array((whole + whole).splitlines(keepends=True)) is None
