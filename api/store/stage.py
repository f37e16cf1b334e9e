"""The stages of a runner's life."""

from enum import StrEnum

from api.store.word import Word


class ScheduleStatus(StrEnum):
    """The same stages by the names that clients of the hosted service know."""

    PENDING = "Pending"
    PROCESSING = "Processing"
    COMPLETED = "Completed"
    FAILED = "Failed"


class Stage(Word):
    """Where a runner stands; ``done`` and ``failed`` never change."""

    QUEUED = "queued"
    SCRAPING = "scraping"
    DONE = "done"
    FAILED = "failed"

    @property
    def status(self) -> ScheduleStatus:
        return _STATUS[self]

    @classmethod
    def named(cls, name: str) -> "Stage | None":
        """The stage with this name; None if there is none."""
        return next((stage for stage in cls if stage.value == name), None)

    @classmethod
    def of(cls, status: ScheduleStatus) -> "Stage":
        """The stage that a status names."""
        return next(stage for stage in cls if stage.status is status)


_STATUS = {
    Stage.QUEUED: ScheduleStatus.PENDING,
    Stage.SCRAPING: ScheduleStatus.PROCESSING,
    Stage.DONE: ScheduleStatus.COMPLETED,
    Stage.FAILED: ScheduleStatus.FAILED,
}
