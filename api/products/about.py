"""What a file of rows says of its run: in its name, and inside where the kind of file has room."""

import re

from api.runners.asked import Asked, asked_of
from api.store.records import Runner

_COMPLETE: dict[bool | None, str] = {True: "yes", False: "no", None: "not known"}
_LONGEST_PART, _LONGEST_FILTERS = 60, 90
"""Bytes of one part of a file's name; file systems take 255 in all."""


def file_name(runner: Runner, ending: str) -> str:
    """What was asked, and which run: ``amazon.com.au_123-Lamps_4500_2026-11-26_run-7.csv``.

    That is domain, node and its name, postcode, filters, the date (UTC) of the run's end, or of its
    start while it goes on, and the runner's number.
    """
    return f"{_asked_when(runner)}_run-{runner.id}.{ending}"


def changes_file_name(before: Runner, after: Runner, ending: str) -> str:
    """The name of a file of changes: that of the later run, the earlier one's date, both numbers.

    Without the numbers, two comparisons of one day would have the same name.
    """
    since = (before.finished_at or before.created_at)[:10]
    runs = f"runs-{before.id}-{after.id}"
    return f"{_asked_when(after)}_changes-since-{since}_{runs}.{ending}"


def _asked_when(runner: Runner) -> str:
    """What was asked, and the date, as the beginning of a file's name."""
    asked = asked_of(runner)
    node = "-".join(filter(None, (asked.amazon_node_id, _slug(asked.node_name or ""))))
    date = (runner.finished_at or runner.created_at)[:10]
    parts = (asked.domain, node, _slug(asked.postcode), _filters(asked.filters), date)
    return "_".join(filter(None, parts))


def facts_of(runner: Runner) -> dict[str, str]:
    """What was asked and how complete the list is, as names and texts."""
    asked = asked_of(runner)
    return _of_request(asked) | _of_run(runner)


def _of_request(asked: Asked) -> dict[str, str]:
    return {
        "category_url": asked.category_url,
        "domain": asked.domain,
        "amazon_node_id": asked.amazon_node_id,
        "node_name": asked.node_name or "",
        "postcode": asked.postcode,
        "filters": "; ".join(asked.filters),
    }


def _of_run(runner: Runner) -> dict[str, str]:
    coverage = runner.coverage or {}
    complete = _COMPLETE[coverage.get("complete")]
    return {
        "collection": str(runner.collection.id),
        "runner": str(runner.id),
        "stage": runner.stage.value,
        "products": str(runner.asin_count) if runner.has_ended else "",
        "complete": complete,
        "why": str(coverage.get("why") or ""),
        "started_at": runner.started_at or "",
        "finished_at": runner.finished_at or "",
    }


def _filters(filters: list[str]) -> str:
    """As many whole filters as have room: half a price would be another price."""
    kept: list[str] = []
    for one in map(_slug, filters):
        if len("-".join([*kept, one]).encode()) > _LONGEST_FILTERS:
            return "-".join([*kept, "and-more"])
        kept.append(one)
    return "-".join(kept)


def _slug(text: str) -> str:
    """A text as a part of a file's name: letters and digits of any script, and hyphens."""
    slug = re.sub(r"[^\w.]+", "-", text).strip("-._").encode()[:_LONGEST_PART]
    return slug.decode(errors="ignore").rstrip("-._")
