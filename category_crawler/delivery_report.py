"""How a delivery job ended, for whoever started it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from category_crawler.home import var_folder
from category_crawler.whole_file import write_whole


def report_file(name: str) -> Path:
    """Where the job of this name says how it ended."""
    return var_folder() / "deliveries" / f"{name}.json"


def write_report(name: str, report: dict[str, Any]) -> None:
    """Say how a job ended: ``stage`` (``done``, ``failed``), ``location``, ``suburb``,
    ``failed_reason``, ``failed_message``, ``finished_at``."""
    path = report_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, [json.dumps(report, ensure_ascii=False, indent=1).encode()])


def read_report(name: str) -> dict[str, Any] | None:
    """How a job ended, or None where it has not said so."""
    with suppress(FileNotFoundError):
        values: dict[str, Any] = json.loads(report_file(name).read_bytes())
        return values
    return None
