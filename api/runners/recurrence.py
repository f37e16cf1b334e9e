"""When a recurring run is due next; pure arithmetic of clocks and calendars.

A schedule is written in local time, and where clocks change, a day has other hours. The rules:

* A run at set hours is due once for each time that the schedule names. A time that the clocks leave
  out is due when they have jumped; one that they show twice is due the first time.
* A run of every hour follows real time: it is due in both of two like hours, and not in the one
  that is left out. Where clocks change by half an hour (Lord Howe Island) and that would move the
  minutes, it is due once for each time that the schedule names, too.

CronSim says which local times an expression names; its own rules at a change follow Debian's cron,
which leaves out ``*/2`` hours in spring and runs them twice in autumn.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from api.store.schedules import Plan, StoredRecurrence
from category_crawler.fault import faults_of
from category_crawler.misspelling import nearest
from category_crawler.times import utc_text

_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
_LONGEST_CRON = 100
_NEVER = "no day of the next fifty years is as it says"
_MINUTE = timedelta(minutes=1)
_ANY_MOMENT = datetime(2026, 1, 1)
_LONGEST_FOLD = timedelta(hours=3)
"""Longer than any time that clocks are set back by: two hours, at Troll station."""
_EXAMPLE: dict[str, JsonValue] = {"cron": "0 6 * * *", "timezone": "Australia/Sydney"}


class InvalidRecurrence(Exception):
    """Raised if what was stored is not valid any more, such as a time zone that has gone."""


class Every(StrEnum):
    """How often a simple schedule's runs are due; ``at`` says when."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


_CRON = {
    Every.HOURLY: "{minute} * * * *",
    Every.DAILY: "{minute} {hour} * * *",
    Every.WEEKLY: "{minute} {hour} * * MON",
    Every.MONTHLY: "{minute} {hour} 1 * *",
}


class Recurrence(BaseModel):
    """When runs are due: `cron` or `every`, in local time of `timezone`."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [_EXAMPLE]},
    )

    timezone: str
    """A name of the IANA database, such as Australia/Sydney or UTC."""
    cron: Annotated[str, Field(max_length=_LONGEST_CRON)] | None = None
    """Five fields, as in Debian's cron: minute, hour, day of month, month, day of week."""
    every: Annotated[Every, Field(strict=False)] | None = None
    """Without ``cron``. ``weekly`` is on Mondays, ``monthly`` on the first."""
    at: Annotated[str, Field(json_schema_extra={"pattern": f"^{_TIME.pattern}$"})] | None = None
    """With ``every``: HH:MM, 00:00 by default; ``hourly`` takes its minute alone."""

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise ValueError(f"it must be an object such as {json.dumps(_EXAMPLE)}")
        return given

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in _timezones():
            meant = nearest(name, _timezones())
            raise ValueError(
                "it must be a name of the IANA time zone database, such as Australia/Sydney or UTC"
                + (f"; did you mean {meant}?" if meant else "")
            )
        return name

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        if cron is not None and (why := _why_no_cron(cron)):
            raise ValueError(why)
        return cron

    @field_validator("at")
    @classmethod
    def _is_time(cls, at: str | None) -> str | None:
        if at is not None and not _TIME.fullmatch(at):
            raise ValueError("it must be a time from 00:00 to 23:59, such as 06:00")
        return at

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("name either cron or every")
        if self.cron is not None and self.at is not None:
            raise ValueError("it must have at only beside every: cron says the time itself")
        return self

    @classmethod
    def read(cls, stored: StoredRecurrence) -> Self:
        """The recurrence that was stored. Raises InvalidRecurrence."""
        fields = asdict(stored)
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            why = "; ".join(fault.message for fault in faults_of(error, fields))
            raise InvalidRecurrence(
                f"The schedule is not valid any more: {why}. update_schedule gives a new one"
            ) from None

    def plan(self, now: datetime) -> Plan:
        """What to store of a schedule that begins now."""
        return Plan(StoredRecurrence(**self.model_dump(mode="json")), self.time_after(now))

    def time_after(self, moment: datetime) -> str | None:
        """The same as :meth:`following`, as text: UTC, ISO 8601 with Z."""
        found = self.following(moment)
        return None if found is None else utc_text(found)

    def following(self, after: datetime) -> datetime | None:
        """The first moment after another at which a run is due, in UTC; None if none ever is.

        The moment given must be aware of its time zone.
        """
        again: list[datetime] = []
        local = after.astimezone(self._zone).replace(tzinfo=None)
        for time in self._times(local - _LONGEST_FOLD):
            first, second = self._moments(time)
            if second is not None and second > after:
                again.append(second)
            if first is not None and first > after:
                return min([first, *again])
        return None

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _expression(self) -> str:
        if self.every is None:
            return self.cron or ""
        hour, minute = (self.at or "00:00").split(":")
        return _CRON[self.every].format(hour=int(hour), minute=int(minute))

    def _times(self, after: datetime) -> Iterator[datetime]:
        """Local times, without a zone, that the expression names."""
        # It gives up after fifty years without one.
        with suppress(OverflowError, ValueError):
            yield from CronSim(self._expression, after)

    def _moments(self, time: datetime) -> tuple[datetime | None, datetime | None]:
        """When the clock shows a local time and a run is due, and when it does so once more."""
        early, late = (time.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        change = (early.utcoffset() or timedelta()) - (late.utcoffset() or timedelta())
        if not change:
            return early.astimezone(UTC), None
        in_real_time = self._is_unmoved_by(change)
        if change > timedelta():
            return early.astimezone(UTC), late.astimezone(UTC) if in_real_time else None
        return None if in_real_time else self._end_of_gap(time), None

    def _is_unmoved_by(self, change: timedelta) -> bool:
        """Whether it is due in every hour, and at the same minutes after a change of the clocks."""
        plan = CronSim(self._expression, _ANY_MOMENT)
        moved = {(minute + change // _MINUTE) % 60 for minute in plan.minutes}
        return len(plan.hours) == 24 and moved == plan.minutes

    def _end_of_gap(self, time: datetime) -> datetime:
        """The moment at which clocks jump over a local time."""
        shown = time.replace(tzinfo=self._zone)
        while shown.astimezone(UTC).astimezone(self._zone) != shown:
            shown += _MINUTE
        return shown.astimezone(UTC)


def _why_no_cron(expression: str) -> str:
    """What is wrong with a cron expression; empty if nothing is."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"it must have five fields ({', '.join(_FIELDS)}), such as 0 6 * * *"
    try:
        first = next(CronSim(expression, _ANY_MOMENT), None)
    except CronSimError as error:
        if _is_cron([*fields[:3], "*", *fields[4:]]) and _is_cron(["*", "*", "*", *fields[3:]]):
            return _NEVER
        wrong = str(error).removeprefix("Bad ")
        return f"its {wrong} is not valid: the fields are {', '.join(_FIELDS)}, as in 0 6 * * *"
    return "" if first else _NEVER


def _is_cron(fields: list[str]) -> bool:
    try:
        CronSim(" ".join(fields), _ANY_MOMENT)
    except CronSimError:
        return False
    return True


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())
