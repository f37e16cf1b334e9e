"""Rows as a CSV table, and texts that a spreadsheet must not run."""

import csv
import io

import pytest

from category_crawler.run.rows import row
from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.csv_table import write_csv
from category_crawler.tables.maker import values_of
from tests.records import product


def table(*lines: bytes, raw: bool = False) -> list[dict[str, str]]:
    file = io.BytesIO()
    write_csv(map(values_of, lines), file, raw=raw)
    return list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_begins_like_a_formula(begin: str) -> None:
    text = begin + 'HYPERLINK("http://evil.example","x")'
    line = row(product(1, title=text, brand=begin, badges=[text, "Best Seller"]))
    (safe,) = table(line)
    assert (safe["title"], safe["brand"]) == ("'" + text, "'" + begin)
    assert safe["badges"] == f"'{text} | Best Seller"
    (raw,) = table(line, raw=True)
    assert (raw["title"], raw["brand"]) == (text, begin)


def test_numbers_and_other_texts_stay_as_they_are() -> None:
    (line,) = table(row(product(1, title="a=b", price_cents=-5, rating=4.5, is_prime=False)))
    assert (line["title"], line["price_cents"]) == ("a=b", "-5")
    assert (line["rating"], line["is_prime"], line["in_stock"]) == ("4.5", "false", "")


def test_no_rows_are_a_head() -> None:
    file = io.BytesIO()
    write_csv([], file)
    assert file.getvalue().decode() == ",".join(COLUMNS) + "\r\n"
