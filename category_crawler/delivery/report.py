"""A delivery job's report, which the process that started the job reads."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from category_crawler.files.atomic_write import write_whole
from category_crawler.files.home import reports_folder
from category_crawler.files.record_file import Record, is_damaged, read_record, set_aside
from category_crawler.run.records import Moment


class DeliveryReport(Record):
    """The result of a delivery job or of a session check."""

    stage: Literal["done", "failed"]
    location: str | None = None
    """The shop's delivery line."""
    suburb: str | None = None
    suburbs: list[str] = Field(default_factory=list)
    """Those that the shop offered, also if the job failed; empty where it asks for none."""
    failed_reason: str | None = None
    """A code of :mod:`category_crawler.errors`; None if the job is done."""
    failed_message: str | None = None
    finished_at: Moment

    @property
    def complaint(self) -> str:
        """Why it failed, as a sentence."""
        return self.failed_message or "The delivery job did not say why it failed"


def deliveries_folder() -> Path:
    """Holds the reports."""
    return reports_folder() / "deliveries"


def report_file(name: str) -> Path:
    """Path of the report of the job with this name."""
    return deliveries_folder() / f"{name}.json"


def write_report(name: str, report: DeliveryReport) -> None:
    """Write a job's report. Raises OSError."""
    path = report_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_damaged(path, DeliveryReport):
        set_aside(path)
    write_whole(path, [json.dumps(report.model_dump(), ensure_ascii=False, indent=1).encode()])


def note_process(name: str) -> None:
    """Note the PID of this process, which is the job with this name. Raises OSError."""
    path = _process_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(os.getpid()))


def process_of(name: str) -> int | None:
    """The PID of the living process that is the job with this name; None if there is none.

    Only where ``/proc`` tells that the PID is not another process's by now.
    """
    try:
        number = int(_process_file(name).read_text())
        command = Path("/proc", str(number), "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return number if name.encode() in command else None


def _process_file(name: str) -> Path:
    return report_file(name).with_suffix(".pid")


def read_report(name: str) -> DeliveryReport | None:
    """A job's report; None if it has not written one."""
    return read_record(report_file(name), DeliveryReport)


def forget_report(name: str) -> None:
    """Remove a job's report; a damaged file is renamed and kept."""
    path = report_file(name)
    if is_damaged(path, DeliveryReport):
        set_aside(path)
    path.unlink(missing_ok=True)
    _process_file(name).unlink(missing_ok=True)
