"""A schedule as clients see it."""

from typing import TypedDict

from api.sentences import without_paths
from api.store.schedules import Schedule


class NotStartedReport(TypedDict):
    """Why the last run that was due could not be started."""

    at: str
    reason: str
    message: str


class ScheduleReport(TypedDict):
    """What :class:`api.rest.recurring_schemas.Schedule` says, as a dictionary."""

    cron: str | None
    every: str | None
    at: str | None
    timezone: str
    paused: bool
    next_run_at: str | None
    last_run_at: str | None
    skipped_runs: int
    last_skipped_at: str | None
    not_started: NotStartedReport | None


def schedule_report(schedule: Schedule | None) -> ScheduleReport | None:
    """When a collection's further runs are due, and what became of those that were."""
    if schedule is None:
        return None
    return {
        "cron": schedule.cron,
        "every": schedule.every,
        "at": schedule.at,
        "timezone": schedule.timezone,
        "paused": schedule.is_paused,
        "next_run_at": schedule.next_run_at,
        "last_run_at": schedule.last_run_at,
        "skipped_runs": schedule.skipped_runs,
        "last_skipped_at": schedule.last_skipped_at,
        "not_started": _not_started(schedule),
    }


def _not_started(schedule: Schedule) -> NotStartedReport | None:
    if schedule.not_started_at is None:
        return None
    return {
        "at": schedule.not_started_at,
        "reason": schedule.not_started_reason or "",
        "message": without_paths(schedule.not_started_message or ""),
    }
