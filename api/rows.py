"""A run's rows as downloads: JSON, JSON lines and CSV, of finished and of other runs."""

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from category_crawler.items import Product
from category_crawler.row import json_array
from category_crawler.run_folder import RunFolder

MIMETYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
}
_FIRST_COLUMNS = (
    *("asin", "parent_asin", "is_variant", "is_brand", "is_store", "is_prime"),
    *("seller_name", "price_cents", "in_stock"),
)
COLUMNS = (
    *_FIRST_COLUMNS,
    *(name for name in Product.__dataclass_fields__ if name not in _FIRST_COLUMNS),
)
_IN_MEMORY = 4 * 1024 * 1024


def source_of(folder: RunFolder, form: str) -> Path:
    """The file that a download in this form is, or is made of."""
    is_ready = form == "json" and folder.rows.exists()
    return folder.rows if is_ready else folder.partial_rows


def made(folder: RunFolder, form: str) -> IO[bytes]:
    """A download made of the whole lines written so far, from its beginning."""
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115, the answer closes it
    with folder.partial_rows.open("rb") as rows:
        _WRITERS[form](whole_lines(rows), file)
    file.seek(0)
    return file


def whole_lines(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without the last one where it is cut."""
    return (line for line in rows if line.endswith(b"\n"))


def _write_json(lines: Iterable[bytes], file: IO[bytes]) -> None:
    file.writelines(json_array(lines))


def _write_jsonl(lines: Iterable[bytes], file: IO[bytes]) -> None:
    file.writelines(lines)


def _write_csv(lines: Iterable[bytes], file: IO[bytes]) -> None:
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        row = json.loads(line)
        writer.writerow(_cell(row.get(column)) for column in COLUMNS)
    text.flush()
    text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return " | ".join(value) if isinstance(value, list) else value


_WRITERS: dict[str, Callable[[Iterable[bytes], IO[bytes]], None]] = {
    "json": _write_json,
    "jsonl": _write_jsonl,
    "csv": _write_csv,
}
