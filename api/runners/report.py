"""A runner as clients see it."""

from dataclasses import asdict
from typing import Any, TypedDict

from api.runners.asked import Asked, asked_of
from api.runners.attempts import folder_of
from api.runners.removal import why_gone
from api.runners.schedule_report import ScheduleReport, schedule_report
from api.runners.turns import Waits
from api.sentences import without_paths
from api.store.records import Runner
from api.store.schedules import Schedule
from api.store.stage import ScheduleStatus, Stage
from category_crawler.run.reader import RunFolder
from category_crawler.run.records import Progress

BASE_PATH = "/api/v1"


class DownloadLinks(TypedDict):
    """Where the rows are."""

    pages: list[str]
    all_pages: str
    """Always empty, as clients of this contract expect."""


class Report(TypedDict):
    """What :class:`api.rest.schemas.Run` says, as a dictionary."""

    id: int
    collection: int
    name: str
    request_type: str
    asked: Asked
    stage: str
    schedule_status: ScheduleStatus
    is_download_generated: bool
    asin_count: int
    download_links: DownloadLinks
    progress: dict[str, Any]
    waiting_reason: str | None
    waiting_message: str | None
    coverage: dict[str, Any] | None
    failed_reason: str | None
    failed_message: str | None
    warnings: list[str]
    created_at: str
    started_at: str | None
    finished_at: str | None
    files_removed_at: str | None
    files_removed_by: str | None
    schedule: ScheduleReport | None


_NOT_SHOWN = ("node_name", "traffic")
"""Parts of a progress that are not for clients, or stand elsewhere in their answer."""
_NO_PROGRESS: dict[str, Any] = {
    **dict.fromkeys(name for name in Progress.model_fields if name not in ("pause", *_NOT_SHOWN)),
    "current_page": 0,
    "products_found": 0,
    "pages_finished": 0,
    "total_pages_is_estimate": True,
    "warnings": [],
}
"""The progress of a run whose spider has not written any."""


def report(
    runner: Runner,
    base: str,
    queue_position: int | None = None,
    schedule: Schedule | None = None,
    *,
    is_whole: bool | None = None,
    waits: Waits | None = None,
) -> Report:
    """Everything but the products; links begin with ``base``.

    ``is_whole`` tells whether a result file is complete; None judges it by its two ends.
    """
    folder = folder_of(runner)
    progress = folder.progress or runner.last_progress
    has_file = _has_file(runner, folder, is_whole=is_whole)
    has_rows = has_file or _has_partial_rows(runner, folder)
    return {
        "id": runner.id,
        "collection": runner.collection.id,
        "name": runner.collection.name,
        "request_type": runner.collection.request_type,
        "asked": asked_of(runner, progress),
        "stage": runner.stage.value,
        "schedule_status": runner.stage.status,
        "is_download_generated": has_file,
        "asin_count": _asin_count(runner, progress),
        "download_links": {"pages": [_link(runner, base)] if has_rows else [], "all_pages": ""},
        "progress": _progress(runner, progress, queue_position),
        "waiting_reason": waits.reason if waits else None,
        "waiting_message": waits.message if waits else None,
        "coverage": _coverage(runner, progress),
        "failed_reason": runner.failed_reason,
        "failed_message": runner.failed_message and without_paths(runner.failed_message),
        "warnings": [*_warnings(runner, progress), *_missing(runner, has_file, has_rows)],
        "created_at": runner.created_at,
        "started_at": runner.started_at,
        "finished_at": runner.finished_at,
        "files_removed_at": runner.files_removed_at,
        "files_removed_by": runner.files_removed_by,
        "schedule": schedule_report(schedule),
    }


def _has_file(runner: Runner, folder: RunFolder, *, is_whole: bool | None) -> bool:
    """Whether the run is done and its whole file is there to be had."""
    if runner.stage is not Stage.DONE or runner.files_removed_at is not None:
        return False
    return folder.looks_whole if is_whole is None else is_whole


def _has_partial_rows(runner: Runner, folder: RunFolder) -> bool:
    return runner.files_removed_at is None and folder.has_partial_rows


def _missing(runner: Runner, has_file: bool, has_rows: bool) -> list[str]:
    """A warning if rows are not there although nobody has recorded their removal."""
    has_kept = has_file if runner.stage is Stage.DONE else has_rows or not runner.asin_count
    if not runner.has_ended or has_kept or runner.files_removed_at is not None:
        return []
    return [why_gone(runner)]


def _link(runner: Runner, base: str) -> str:
    path = f"results/{runner.collection.id}/{runner.id}/category_asins.json"
    return f"{base}{BASE_PATH}/{path}"


def _asin_count(runner: Runner, progress: Progress | None) -> int:
    if runner.stage is Stage.DONE:
        return runner.asin_count
    if runner.stage is Stage.FAILED:
        # A cancelled spider may still write until it is gone.
        return folder_of(runner).kept if runner.is_stopping else runner.asin_count
    return progress.products_found if progress else 0


def _warnings(runner: Runner, progress: Progress | None) -> list[str]:
    """Warnings of the request, of this run, and of the spider."""
    met = progress.warnings if progress else []
    return list(dict.fromkeys([*runner.collection.warnings, *runner.warnings, *met]))


def _progress(
    runner: Runner, progress: Progress | None, queue_position: int | None
) -> dict[str, Any]:
    known = _NO_PROGRESS | (progress.shown() if progress else _without_files(runner))
    shown = {name: value for name, value in known.items() if name not in _NOT_SHOWN}
    shown["queue_position"] = queue_position
    if runner.has_ended:
        shown["seconds_left"] = None if runner.stage is Stage.FAILED else 0
    return shown


def _without_files(runner: Runner) -> dict[str, Any]:
    """What is still known of the progress of a runner that has begun and left no file."""
    if runner.started_at is None or not runner.has_ended:
        return {}
    unknown = dict.fromkeys(("current_page", "pages_finished"))
    return unknown | {"products_found": runner.asin_count, "started_at": runner.started_at}


def _coverage(runner: Runner, progress: Progress | None) -> dict[str, Any] | None:
    known = runner.coverage
    if known is None and progress is not None:
        known = asdict(progress.coverage)
    if runner.stage is not Stage.FAILED:
        return known
    # The API itself ended a run that has no coverage of its own.
    why = {} if runner.coverage else {"why": without_paths(runner.failed_message or "")}
    return (known or {}) | {"complete": False} | why
