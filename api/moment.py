"""Moments before and after the present, as the database keeps them."""

from datetime import UTC, datetime, timedelta


def utc_in(seconds: float) -> str:
    """The moment in so many seconds, as ``category_crawler.run.utc_now`` writes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
