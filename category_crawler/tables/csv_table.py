"""Rows as a CSV table."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from typing import IO, Any

from category_crawler.tables.columns import COLUMNS

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins so as a formula (OWASP, "CSV Injection")."""


def write_csv(
    records: Iterable[Mapping[str, Any]],
    file: IO[bytes],
    columns: Sequence[str] = COLUMNS,
    *,
    raw: bool = False,
) -> None:
    """Write records, each a mapping by column, as a table with a header line.

    A text that a spreadsheet would run as a formula gets a ``'`` before it, unless ``raw``. Raises
    OSError if the file cannot be written.
    """
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for record in records:
        writer.writerow(cell(record.get(name), raw=raw) for name in columns)
    text.flush()
    text.detach()


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
