"""Rows: a product a line, and which lines of a file are whole."""

import json
from pathlib import Path

import pytest

from category_crawler.items import Product
from category_crawler.row import json_array, row, whole_rows
from tests.records import product


def test_a_row_reads_back_as_its_product() -> None:
    given = product(1, title="Lámpara 💡\n", badges=["Best Seller"])
    assert row(given).count(b"\n") == 1
    assert Product(**json.loads(row(given))) == given


def test_no_rows_are_an_empty_array() -> None:
    assert json.loads(b"".join(json_array([]))) == []


@pytest.mark.parametrize("left", [b"", b'{"asin":"B0', row(product(3)).rstrip(), b"\0" * 99])
def test_rows_are_whole_up_to_the_first_that_is_not(tmp_path: Path, left: bytes) -> None:
    rows = row(product(1)) + row(product(2))
    (tmp_path / "a").write_bytes(rows + left)
    assert whole_rows(tmp_path / "a") == len(rows)
