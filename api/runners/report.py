"""A runner as clients see it."""

from dataclasses import asdict
from typing import Any, TypedDict

from api.runners.attempts import folder_of
from api.sentences import without_paths
from api.store.records import Runner
from api.store.stage import ScheduleStatus, Stage
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
    stage: str
    schedule_status: ScheduleStatus
    is_download_generated: bool
    asin_count: int
    download_links: DownloadLinks
    progress: dict[str, Any]
    coverage: dict[str, Any] | None
    failed_reason: str | None
    failed_message: str | None
    warnings: list[str]
    created_at: str
    started_at: str | None
    finished_at: str | None


_NO_PROGRESS: dict[str, Any] = {
    **dict.fromkeys(name for name in Progress.model_fields if name != "pause"),
    "current_page": 0,
    "products_found": 0,
    "pages_finished": 0,
    "total_pages_is_estimate": True,
    "warnings": [],
}
"""The progress of a run whose spider has not written any."""


def report(runner: Runner, base: str, queue_position: int | None = None) -> Report:
    """Everything but the products; links begin with ``base``."""
    folder = folder_of(runner)
    progress = folder.progress
    return {
        "id": runner.id,
        "collection": runner.collection.id,
        "name": runner.collection.name,
        "request_type": runner.collection.request_type,
        "stage": runner.stage.value,
        "schedule_status": runner.stage.status,
        "is_download_generated": runner.stage is Stage.DONE,
        "asin_count": _asin_count(runner, progress),
        "download_links": {
            "pages": [_link(runner, base)] if folder.has_rows else [],
            "all_pages": "",
        },
        "progress": _progress(runner, progress, queue_position),
        "coverage": _coverage(runner, progress),
        "failed_reason": runner.failed_reason,
        "failed_message": runner.failed_message and without_paths(runner.failed_message),
        "warnings": _warnings(runner, progress),
        "created_at": runner.created_at,
        "started_at": runner.started_at,
        "finished_at": runner.finished_at,
    }


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
    """Warnings of the request, then those of the spider."""
    met = progress.warnings if progress else []
    return list(dict.fromkeys([*runner.collection.warnings, *met]))


def _progress(
    runner: Runner, progress: Progress | None, queue_position: int | None
) -> dict[str, Any]:
    shown = _NO_PROGRESS | (progress.shown() if progress else {})
    shown["queue_position"] = queue_position
    if runner.has_ended:
        shown["seconds_left"] = None if runner.stage is Stage.FAILED else 0
    return shown


def _coverage(runner: Runner, progress: Progress | None) -> dict[str, Any] | None:
    known = runner.coverage
    if known is None and progress is not None:
        known = asdict(progress.coverage)
    if runner.stage is not Stage.FAILED:
        return known
    # The API itself ended a run that has no coverage of its own.
    why = {} if runner.coverage else {"why": without_paths(runner.failed_message or "")}
    return (known or {}) | {"complete": False} | why
