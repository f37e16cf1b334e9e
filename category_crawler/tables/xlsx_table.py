"""Rows as an Excel workbook, written row by row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.csv_table import cell

_MOST_ROWS = 1_048_575
"""Excel's most rows of a sheet, without the header."""
_MOST_LINKS = 65_530
"""Excel's most links of a sheet."""
_LONGEST_TEXT = 32_767
"""Excel's most characters of a cell."""
_LONGEST_LINK = 2_079
"""Excel's most characters of a link."""
_WIDTHS = {"asin": 13, "title": 60, "price": 14, "url": 42, "delivery": 40, "scraped_at": 20}
_OTHER_WIDTH = 12


class _Sheet(Protocol):
    """What is used of :class:`xlsxwriter.worksheet.Worksheet`, which has no types."""

    def write_string(self, row: int, column: int, text: str, style: Any = None) -> int: ...
    def write_number(self, row: int, column: int, value: float, style: Any = None) -> int: ...
    def write_boolean(self, row: int, column: int, value: bool, style: Any = None) -> int: ...
    def write_datetime(self, row: int, column: int, value: datetime, style: Any) -> int: ...
    def write_url(self, row: int, column: int, url: str) -> int: ...


def write_xlsx(
    records: Iterable[Mapping[str, Any]],
    path: Path,
    facts: Mapping[str, str],
    columns: Sequence[str] = COLUMNS,
    name: str = "Products",
) -> None:
    """Write records, each a mapping by column, as a workbook; ``facts`` become its last sheet.

    ``price`` is a number with the row's currency, ``scraped_at`` a time in UTC, ``url`` a link (the
    first 65,530 of a sheet, which is Excel's limit). The columns are those of the CSV table. Raises
    OSError if the file cannot be written.
    """
    import xlsxwriter  # only who makes a workbook needs it

    with TemporaryDirectory(dir=path.parent, prefix=".xlsx.") as folder:
        # In constant memory each row goes to a temporary file as soon as it is written.
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        try:
            book.use_zip64()
            _Records(book, name, columns).write(records)
            _write_facts(book, facts)
            book.close()
        except xlsxwriter.exceptions.XlsxWriterException as error:
            raise OSError(f"{path.name} could not be written: {error}") from None


class _Records:
    """The sheets of records; a new one begins where Excel's limit is reached."""

    def __init__(self, book: Any, name: str, columns: Sequence[str]) -> None:
        self._book = book
        self._name = name
        self._columns = columns
        self._head = book.add_format({"bold": True})
        self._whole = book.add_format({"num_format": "#,##0"})
        self._stars = book.add_format({"num_format": "0.0"})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._money: dict[str, Any] = {}
        self._row = _MOST_ROWS
        self._sheets = 0
        self._sheet: Any = None

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._begin_sheet()
        for record in records:
            if self._row == _MOST_ROWS:
                self._begin_sheet()
            self._row += 1
            self._write_row(record)

    def _begin_sheet(self) -> None:
        self._sheets += 1
        number = "" if self._sheets == 1 else f" {self._sheets}"
        self._sheet = self._book.add_worksheet(self._name + number)
        self._row = 0
        self._sheet.freeze_panes(1, 1)
        for column, name in enumerate(self._columns):
            self._sheet.set_column(column, column, _WIDTHS.get(name, _OTHER_WIDTH))
            self._sheet.write_string(0, column, name, self._head)

    def _write_row(self, values: Mapping[str, Any]) -> None:
        for column, name in enumerate(self._columns):
            value = values.get(name)
            if name == "price" and values.get("price_cents") is not None:
                amount, style = values["price_cents"] / 100, self._currency(values.get("currency"))
                self._sheet.write_number(self._row, column, amount, style)
            elif value is not None:
                self._write_cell(self._sheet, column, name, value)

    def _write_cell(self, sheet: _Sheet, column: int, name: str, value: Any) -> None:
        row = self._row
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self._whole)
        elif isinstance(value, float):
            sheet.write_number(row, column, value, self._stars)
        elif name == "url" and row <= _MOST_LINKS and len(value) <= _LONGEST_LINK:
            sheet.write_url(row, column, value)
        elif name == "scraped_at" and (time := _time(value)):
            sheet.write_datetime(row, column, time, self._time)
        else:
            # A text cell is never run as a formula.
            sheet.write_string(row, column, str(cell(value, raw=True))[:_LONGEST_TEXT])

    def _currency(self, code: str | None) -> Any:
        shown = f' "{code}"' if code and code.isalpha() else ""
        if shown not in self._money:
            self._money[shown] = self._book.add_format({"num_format": f"#,##0.00{shown}"})
        return self._money[shown]


def _time(text: str) -> datetime | None:
    """A time in UTC without its zone, which Excel does not know; None if it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _write_facts(book: Any, facts: Mapping[str, str]) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 80)
    for row, (name, value) in enumerate(facts.items()):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value[:_LONGEST_TEXT])
