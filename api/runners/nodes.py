"""The nodes of the cluster, for the operator: how each stands, and what is wrong with it."""

from dataclasses import asdict, dataclass
from typing import Any, Self, TypedDict

from api.runners.lifecycle import Jobs
from api.scrapyd.cluster import Cluster
from category_crawler import __version__
from category_crawler.cluster.nodes import NodeSeen
from category_crawler.times import in_words

_MOST_AHEAD = 2.0
"""Seconds by which two clocks may differ before the times of runs are hard to compare."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node that was heard of within a day."""

    name: str
    is_alive: bool
    is_drained: bool
    silent_seconds: float
    """Since it was heard of."""
    version: str
    slots: int
    running: int
    exit: str
    console: str
    clock_ahead: float
    """Seconds by which its clock is ahead of the engine's; the way of its report is in it."""
    trouble: str
    """What the operator should look at; empty if nothing."""

    @classmethod
    def of(cls, node: NodeSeen) -> Self:
        """The state of a node as the engine knows it."""
        return cls(
            name=node.name,
            is_alive=node.is_alive,
            is_drained=node.is_drained,
            silent_seconds=round(node.silent_seconds, 1),
            version=node.version,
            slots=node.slots,
            running=len(node.jobs),
            exit=node.exit,
            console=node.console,
            clock_ahead=round(node.clock_ahead, 1),
            trouble=_trouble(node),
        )

    @property
    def stands(self) -> str:
        """How it stands, in a word or two."""
        if not self.is_alive:
            return "silent"
        if self.is_drained:
            return "ends its jobs" if self.running else "drained"
        return "takes jobs"


class ClusterReport(TypedDict):
    """The cluster, as ``/healthz`` tells of it."""

    nodes: list[dict[str, Any]]
    """The fields of each :class:`NodeState`, without its console."""
    waiting_jobs: int
    oldest_waiting_since: str | None
    """UTC, ISO 8601 with Z."""


def node_states(cluster: Cluster) -> list[NodeState]:
    """The nodes, by name. Raises ScrapydError."""
    return [NodeState.of(node) for node in cluster.nodes()]


def cluster_report(jobs: Jobs, cluster: Cluster) -> ClusterReport:
    """How the cluster stands. Raises ScrapydError."""
    return ClusterReport(
        nodes=[_shown(node) for node in node_states(cluster)],
        waiting_jobs=cluster.waiting(),
        oldest_waiting_since=jobs.store.runners.waiting_since(),
    )


def _shown(node: NodeState) -> dict[str, Any]:
    """A node for those who need no credential: without its address."""
    return {name: value for name, value in asdict(node).items() if name != "console"}


def _trouble(node: NodeSeen) -> str:
    if not node.is_alive:
        # A node that was drained before it was stopped is not missed.
        silent = f"silent for {in_words(node.silent_seconds)}"
        return "" if node.is_drained and not node.jobs else silent
    if node.version != __version__:
        return f"it runs version {node.version}, the API {__version__}"
    if abs(node.clock_ahead) > _MOST_AHEAD:
        way = "ahead" if node.clock_ahead > 0 else "behind"
        return f"its clock is {abs(node.clock_ahead):.1f} s {way}"
    return ""
