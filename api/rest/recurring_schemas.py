"""What clients get about recurring runs, as models."""

from typing import Literal

from pydantic import BaseModel, Field

from api.runners.recurrence import Every


class NotStarted(BaseModel):
    """Why the last run that was due could not be started."""

    at: str = Field(description="When it was due")
    reason: str = Field(
        description="`no_session`, `no_credits`, `user_disabled`, `invalid_job` or "
        "`invalid_schedule`"
    )
    message: str = Field(description="The reason in a sentence")


class Schedule(BaseModel):
    """When further runs of a collection are due. Times are UTC, ISO 8601 with Z."""

    cron: str | None
    every: Every | None
    at: str | None
    timezone: str
    paused: bool
    next_run_at: str | None = Field(
        description="Null while it is paused, and if no further run is ever due"
    )
    last_run_at: str | None = Field(description="When the last run that was started was due")
    skipped_runs: int = Field(
        description="Runs that were due while another of the collection was open"
    )
    last_skipped_at: str | None = Field(description="When the last of them was due")
    not_started: NotStarted | None = Field(
        description="Why the last run that was due could not be started; null if it was"
    )


class Scheduled(BaseModel):
    """A collection and its schedule."""

    id: int = Field(description="Of the collection")
    schedule: Schedule | None


class ScheduleDeleted(BaseModel):
    """A collection whose schedule was removed."""

    id: int = Field(description="Of the collection")
    deleted: Literal[True]
