"""Times in the database and a run's files: UTC, ISO 8601 to the second, with ``Z``."""

import time
from datetime import UTC, datetime, timedelta

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux has a clock that goes on while the machine sleeps."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> str:
    """The current time in UTC, ISO 8601 to the second, with ``Z``."""
    return utc_text(datetime.now(UTC))


def utc_today() -> str:
    """The current day in UTC: ``2026-11-28``."""
    return utc_now()[:10]


def utc_text(moment: datetime) -> str:
    """A moment, aware of its time zone, in the format of :func:`utc_now`."""
    return moment.astimezone(UTC).strftime(_FORM)


def steady() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the process is frozen."""
    return time.clock_gettime(_STEADY)


def seconds_since(moment: str) -> float:
    """Seconds since a time in the format of :func:`utc_now`."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def utc_in(seconds: float) -> str:
    """The time in so many seconds, or before now if the number is negative; see :func:`utc_now`."""
    return utc_text(datetime.now(UTC) + timedelta(seconds=seconds))


def in_words(seconds: float) -> str:
    """A length of time for people: ``45 s``, ``9 min``, ``2.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
