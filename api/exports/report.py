"""The copies of a run's files as clients see them."""

from typing import TypedDict

from api.store import Store
from api.store.records import Copy, ExportStatus, Runner


class ExportReport(TypedDict):
    """What :class:`api.rest.schemas.ExportedFile` says, as a dictionary."""

    form: str
    url: str | None
    bytes: int | None
    exported_at: str | None
    why_not: str | None


_LISTED = (ExportStatus.PENDING, ExportStatus.STORED, ExportStatus.GONE)


def exports_of(store: Store, runner: Runner) -> list[ExportReport]:
    """The copies that were made of a runner's files, and those still to be made."""
    if not runner.has_ended:
        return []
    return [_report(copy) for copy in store.exports.of(runner.id) if copy.status in _LISTED]


def _report(copy: Copy) -> ExportReport:
    return {
        "form": str(copy.form),
        "url": copy.url,
        "bytes": copy.bytes,
        "exported_at": copy.stored_at,
        "why_not": None if copy.status is ExportStatus.STORED else _why_not(copy),
    }


def _why_not(copy: Copy) -> str:
    if copy.status is ExportStatus.GONE:
        return f"There is nothing to copy any more: {copy.said}"
    if copy.said is None:
        return "It is about to be copied"
    return f"{copy.said}: it is tried again at {copy.next_try_at}"
