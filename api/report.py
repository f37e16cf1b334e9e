"""A runner as clients see it."""

from typing import Any

from api.attempts import folder_of
from api.schemas import SCHEDULE_STATUS
from api.sentences import without_paths
from api.store import Row

BASE_PATH = "/api/v1"


def report(runner: Row, base: str) -> dict[str, Any]:
    """Everything but the products, links beginning with ``base``; see :class:`api.schemas.Run`."""
    folder = folder_of(runner)
    progress = folder.progress
    links = [_link(runner, base)] if folder.has_rows else []
    return {
        "id": runner["id"],
        "collection": runner["collection"],
        "name": runner["name"],
        "request_type": runner["request_type"],
        "stage": runner["stage"],
        "schedule_status": SCHEDULE_STATUS[runner["stage"]],
        "is_download_generated": runner["stage"] == "done",
        "asin_count": _asin_count(runner, progress),
        "download_links": {
            "pages": links,
            "all_pages": "".join(links),
        },
        "progress": progress,
        "coverage": _coverage(runner, progress),
        "failed_reason": runner["failed_reason"],
        "failed_message": runner["failed_message"] and without_paths(runner["failed_message"]),
        "warnings": _warnings(runner, progress),
        "created_at": runner["created_at"],
        "started_at": runner["started_at"],
        "finished_at": runner["finished_at"],
    }


def _link(runner: Row, base: str) -> str:
    path = f"results/{runner['collection']}/{runner['id']}/category_asins.json"
    return f"{base}{BASE_PATH}/{path}"


def _asin_count(runner: Row, progress: dict[str, Any]) -> int:
    if runner["stage"] == "done":
        return int(runner["asin_count"])
    if runner["stage"] == "failed":
        # A cancelled spider may still write until it is gone.
        return folder_of(runner).kept if runner["stopping"] else int(runner["asin_count"])
    return int(progress.get("products_found", 0))


def _warnings(runner: Row, progress: dict[str, Any]) -> list[str]:
    """What was said when the run was asked for, then what the spider has met."""
    return list(dict.fromkeys([*runner["warnings"], *progress.get("warnings", ())]))


def _coverage(runner: Row, progress: dict[str, Any]) -> dict[str, Any] | None:
    known: dict[str, Any] | None = runner["coverage"] or progress.get("coverage")
    if runner["stage"] == "failed":
        return (known or {}) | {"complete": False}
    return known
