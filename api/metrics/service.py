"""What the whole service knows of itself, read anew for each scrape.

Nothing is counted here. What cannot be asked is left out, and ``category_crawler_up`` says so.
"""

import logging
import platform
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from api.runners.health import Answered, ask_scrapyd, health
from api.runners.heartbeat import seconds_of_round, seconds_since_beat
from api.runners.lifecycle import Jobs
from api.runners.nodes import NodeState, node_states
from api.runners.pace import ShopPace, paces
from api.scrapyd.cluster import Cluster
from api.scrapyd.job_service import ScrapydError
from api.store import Store, StoreError
from api.store.records import NoticeKind, NoticeStatus
from api.store.totals import EFFORTS, SHARES, Total, Totals
from category_crawler import __version__
from category_crawler.errors import OTHER_REASON, reasons
from category_crawler.files.home import home, results_folder, var_folder
from category_crawler.pages.block import BLOCKS
from category_crawler.times import seconds_since

logger = logging.getLogger(__name__)

_PREFIX = "category_crawler_"
_SCRAPYD_SECONDS = 1.0
"""For an answer of Scrapyd's: a scrape must not wait long."""
_SETTLED = (NoticeStatus.SENT, NoticeStatus.GIVEN_UP, NoticeStatus.OFF)


class NotKnown(Exception):
    """Raised by a part that has nothing to tell; its text says why."""


class ServiceMetrics(Collector):
    """The metrics of one scrape."""

    def __init__(self, jobs: Jobs, cluster: Cluster | None) -> None:
        self._jobs = jobs
        self._cluster = cluster

    def collect(self) -> Iterator[Metric]:
        """Every metric. Raises nothing."""
        answered = ask_scrapyd(self._jobs, _SCRAPYD_SECONDS)
        up = _gauge(
            "up", "Whether a part could be asked; if not, its metrics are left out.", "part"
        )
        for part, read in self._parts(answered).items():
            metrics = _read(part, read)
            up.add_metric([part], metrics is not None)
            yield from metrics or ()
        yield up
        yield InfoMetricFamily(
            f"{_PREFIX}build",
            "The version that answers.",
            {"version": __version__, "python": platform.python_version()},
        )

    def _parts(self, answered: Answered) -> dict[str, Callable[[], Iterable[Metric]]]:
        jobs, cluster = self._jobs, self._cluster
        nodes = {"nodes": lambda: _nodes(node_states(cluster))} if cluster else {}
        return nodes | {
            "database": lambda: _stored(jobs.store),
            "scrapyd": lambda: _slots(answered),
            "pace": lambda: _paces(paces(cluster)),
            "watcher": _watcher,
            "disk": _disks,
            "health": lambda: [_healthy(health(jobs, cluster, answered))],
        }


def _read(part: str, read: Callable[[], Iterable[Metric]]) -> list[Metric] | None:
    """The metrics of a part; None where it cannot tell."""
    try:
        return [*read()]
    except (NotKnown, ScrapydError, StoreError, OSError) as error:
        # A scrape comes every few seconds, and category_crawler_up tells of it.
        logger.debug("The metrics of the part %s are left out: %s", part, error)
    # The project's settings exit where they are wrong.
    except (Exception, SystemExit):
        logger.exception("The metrics of the part %s are left out", part)
    return None


def _stored(store: Store) -> Iterator[Metric]:
    yield _gauge(
        "runs",
        "Runs that have not ended, and cancelled ones whose spider has not.",
        "stage",
        store.runners.open_by_stage(),
    )
    yield from _totals(store.totals.all())
    yield _gauge(
        "delivery_sessions",
        "Delivery sessions by their state.",
        "state",
        {str(status): number for status, number in store.sessions.by_status().items()},
    )
    waiting = {str(kind): number for kind, number in store.notices.waiting().items()}
    yield _gauge("notices_waiting", "Mails and webhooks not sent yet.", "kind", waiting)
    copies, since = store.exports.waiting()
    yield _number("exports_waiting", "Files of results not copied yet.", copies)
    yield _number(
        "exports_oldest_wait_seconds", "Seconds for which the oldest of them waits.", _age(since)
    )
    yield _number(
        "queue_oldest_wait_seconds",
        "Seconds for which the job that waits longest has done so.",
        _age(store.runners.waiting_since()),
    )


def _totals(totals: Totals) -> Iterator[Metric]:
    yield _ended(totals[Total.RUNS])
    plain = {
        Total.PAGES: "Pages that runs have finished.",
        Total.REQUESTS: "Requests of runs for pages, unanswered ones included.",
        Total.RETRIES: "Those of them that asked for a page again.",
        Total.PRODUCTS: "Products that runs have kept.",
    }
    for total, meaning in plain.items():
        value = totals[total].get("", 0)
        yield CounterMetricFamily(f"{_PREFIX}{total}", meaning, value=value)
    blocks = CounterMetricFamily(
        f"{_PREFIX}blocks", "Block and error pages that runs were sent.", labels=["kind"]
    )
    for block in BLOCKS:
        blocks.add_metric([block], totals[Total.BLOCKS].get(block, 0))
    yield blocks
    lists = CounterMetricFamily(
        f"{_PREFIX}lists", "Runs that are done, by whether all was found.", labels=["complete"]
    )
    for complete in ("yes", "no", "unknown"):
        lists.add_metric([complete], totals[Total.LISTS].get(complete, 0))
    yield lists
    yield _histogram(
        "run_coverage_ratio",
        "Share found of what the shop reported, of each run that is done.",
        *(SHARES, totals[Total.COVERAGE], totals[Total.COVERAGE_SUM]),
    )
    yield _histogram(
        "run_requests_per_product_ratio",
        "Requests for each product, of each run that is done.",
        *(EFFORTS, totals[Total.EFFORT], totals[Total.EFFORT_SUM]),
    )
    yield _notices(totals[Total.NOTICES])


def _ended(found: Mapping[str, float]) -> Metric:
    ended = CounterMetricFamily(
        f"{_PREFIX}runs_ended", "Runs that have ended.", labels=["stage", "failed_reason"]
    )
    ended.add_metric(["done", ""], found.get("", 0))
    for reason in sorted(reasons() | {OTHER_REASON}):
        ended.add_metric(["failed", reason], found.get(reason, 0))
    return ended


def _notices(found: Mapping[str, float]) -> Metric:
    notices = CounterMetricFamily(
        f"{_PREFIX}notices",
        "Mails and webhooks that are settled.",
        labels=["kind", "status"],
    )
    for kind in NoticeKind:
        for status in _SETTLED:
            label = str(status).replace(" ", "_")
            notices.add_metric([str(kind), label], found.get(f"{kind} {status}", 0))
    return notices


def _slots(answered: Answered) -> Iterator[Metric]:
    slots = answered.slots
    if slots is None:
        raise NotKnown(answered.state)
    yield _number("slots", "Jobs that can run at the same time.", slots.slots)
    yield _number("slots_working", "Slots that run a job or wait for one.", slots.working)
    yield _number(
        "slots_idle_seconds",
        "Seconds for which the slot that is free longest has waited; 0 where all are busy.",
        slots.idle_seconds,
    )
    yield _number("queue_jobs", "Jobs that wait for a slot.", slots.waiting)


def _nodes(nodes: Sequence[NodeState]) -> Iterator[Metric]:
    told: dict[str, tuple[str, Callable[[NodeState], float]]] = {
        "node_up": ("Whether a node is heard of.", lambda node: node.is_alive),
        "node_drained": ("Whether a node takes no more jobs.", lambda node: node.is_drained),
        "node_slots": ("Slots of a node.", lambda node: node.slots),
        "node_jobs": ("Jobs that a node runs.", lambda node: node.running),
        "node_silent_seconds": (
            "Seconds since a node was heard of.",
            lambda node: node.silent_seconds,
        ),
        "node_clock_ahead_seconds": (
            "Seconds by which a node's clock is ahead of the engine's.",
            lambda node: node.clock_ahead,
        ),
    }
    for name, (meaning, value) in told.items():
        yield _gauge(name, meaning, "node", {node.name: value(node) for node in nodes})


def _paces(lanes: Sequence[ShopPace]) -> Iterator[Metric]:
    """By shop: there may be any number of exits."""
    of_shop: defaultdict[str, list[ShopPace]] = defaultdict(list)
    for lane in lanes:
        of_shop[lane.host].append(lane)
    told: dict[str, tuple[str, Callable[[list[ShopPace]], float]]] = {
        "pace_delay_seconds": (
            "Seconds between two requests to a shop, on average.",
            lambda lanes: lanes[0].seconds,
        ),
        "pace_ahead_seconds": (
            "Seconds until the next free turn at a shop, of the exit that is asked most.",
            lambda lanes: max(lane.ahead for lane in lanes),
        ),
        "pace_lanes": ("Exits from which a shop was asked.", len),
    }
    for name, (meaning, value) in told.items():
        yield _gauge(name, meaning, "shop", {shop: value(lanes) for shop, lanes in of_shop.items()})


def _watcher() -> Iterator[Metric]:
    age = seconds_since_beat()
    if age is None:
        raise NotKnown("the watcher has not begun")
    yield _number("watcher_heartbeat_age_seconds", "Seconds since the watcher's heartbeat.", age)
    yield _number(
        "watcher_round_seconds",
        "Seconds that the watcher's latest look at everything took.",
        seconds_of_round() or 0.0,
    )


def _disks() -> Iterator[Metric]:
    free = _gauge("disk_free_bytes", "Free bytes of the disk of a folder.", "folder")
    size = _gauge("disk_size_bytes", "Bytes of the disk of a folder.", "folder")
    for folder in (results_folder(), var_folder()):
        # Before the first run there are no results.
        usage = shutil.disk_usage(folder if folder.exists() else home())
        free.add_metric([folder.name], usage.free)
        size.add_metric([folder.name], usage.total)
    yield from (free, size)


def _healthy(found: Mapping[str, str]) -> Metric:
    return _gauge(
        "healthy",
        "Whether a part is well, as /healthz says.",
        "part",
        {part: state == "ok" for part, state in found.items()},
    )


def _number(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", meaning, value=value)


def _gauge(
    name: str, meaning: str, label: str, values: Mapping[str, float] | None = None
) -> GaugeMetricFamily:
    made = GaugeMetricFamily(f"{_PREFIX}{name}", meaning, labels=[label])
    for word, value in (values or {}).items():
        made.add_metric([word], value)
    return made


def _histogram(
    name: str,
    meaning: str,
    bounds: Sequence[float],
    counts: Mapping[str, float],
    total: Mapping[str, float],
) -> Metric:
    labels = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    edges = [*map(floatToGoString, bounds), "+Inf"]
    cumulative = accumulate(counts.get(label, 0) for label in labels)
    return HistogramMetricFamily(
        f"{_PREFIX}{name}",
        meaning,
        buckets=[*zip(edges, cumulative, strict=True)],
        sum_value=total.get("", 0),
    )


def _age(since: str | None) -> float:
    """Seconds since a moment in the past; 0 for none."""
    return max(0.0, seconds_since(since)) if since else 0.0
