"""What one process of the API knows of itself: how long its answers take, its memory and time.

Each process answers for itself. It begins anew with each start, as Prometheus expects of counters.
"""

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.metrics import disable_created_metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
"""Clients may send any other word."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Each would come with a second series that no question needs.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
"""The metrics of this process."""
ProcessCollector("category_crawler", registry=REGISTRY)
_ANSWERS = Histogram(
    "category_crawler_http_request_duration_seconds",
    "Seconds from a request's arrival to its answer, without the sending of it.",
    ["method", "route", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)


def count_answer(method: str, route: str | None, code: int, seconds: float) -> None:
    """Count an answer; ``route`` is the template of its path, None where there is none."""
    word = method if method in _METHODS else "other"
    _ANSWERS.labels(word, (route or "none").rstrip("/") or "/", f"{code // 100}xx").observe(seconds)
