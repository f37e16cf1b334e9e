"""Moments as the database and the files of a run keep them: UTC, ISO 8601 to the second, ``Z``."""

from datetime import UTC, datetime, timedelta

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> str:
    """The present in UTC, ISO 8601 to the second with ``Z``."""
    return datetime.now(UTC).strftime(_FORM)


def seconds_since(moment: str) -> float:
    """Seconds from a moment as :func:`utc_now` writes it."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def utc_in(seconds: float) -> str:
    """The moment in so many seconds; a number below 0 gives one that has passed."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(_FORM)
