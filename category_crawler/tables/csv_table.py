"""Rows as a CSV table."""

import csv
import json
from collections.abc import Iterable
from io import TextIOWrapper
from typing import IO, Any

from category_crawler.tables.columns import COLUMNS

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins so as a formula (OWASP, "CSV Injection")."""


def write_csv(lines: Iterable[bytes], file: IO[bytes], *, raw: bool = False) -> None:
    """Write rows, given as lines of JSON, as a table with a header line.

    A text that a spreadsheet would run as a formula gets a ``'`` before it, unless ``raw``. Raises
    ValueError if a line is not a row, OSError if the file cannot be written.
    """
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(cell(value, raw=raw) for value in map(values_of(line).get, COLUMNS))
    text.flush()
    text.detach()


def values_of(line: bytes) -> dict[str, Any]:
    """A row's values by column. Raises ValueError if the line is not a row."""
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("a line is not a row")
    return values


def cell(value: Any, *, raw: bool = False) -> Any:
    """A value as a cell: ``true`` and ``false`` in small letters, a list with ``|`` between."""
    if isinstance(value, bool):
        return str(value).lower()
    shown = " | ".join(map(str, value)) if isinstance(value, list) else value
    return shown if raw else without_formula(shown)


def without_formula(value: Any) -> Any:
    """The value; a text that would be a formula has a ``'`` before it, which shows it as text."""
    if isinstance(value, str) and value.startswith(_FORMULA_BEGINS):
        return f"'{value}"
    return value
