"""The service, for the operator: health, slots and queue, disk, and the pace at each shop."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from api.runners.health import health
from api.runners.nodes import NodeState, node_states
from api.scrapyd.job_service import Job, ScrapydError, Slots
from api.services import services
from api.store.records import Role
from api.web.page import page
from api.web.poll import polled
from api.web.way_back import part
from category_crawler.daemon.address import console
from category_crawler.files.home import home, var_folder
from category_crawler.pace.lane import Lane
from category_crawler.pace.lane_files import lanes_in

blueprint = page("operator_service", __name__, "/operator", role=Role.OPERATOR)


@dataclass(frozen=True, slots=True)
class ShopPace:
    """The pace at a shop, as seen from one exit."""

    host: str
    exit: str
    seconds: float
    """Between two requests, on average."""
    ahead: float
    """Seconds until the next turn that is free."""


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """How everything stands."""
    return render_template("web/operator_service.html", console=console().url, **_state())


@blueprint.get("/state")
@part
def state() -> ResponseReturnValue:
    """The part that changes, as the page asks for it."""
    shown = render_template("web/operator_state.html", **_state())
    return polled(lambda: shown, shown)


def _state() -> dict[str, object]:
    disk = shutil.disk_usage(home())
    slots, jobs = _scrapyd()
    return {
        "parts_of_it": health(services().jobs, services().cluster),
        "nodes": _nodes(),
        "slots": slots,
        "jobs": jobs,
        "disk": disk,
        "least_free": services().settings.min_free_bytes,
        "lanes": [*_lanes()],
    }


def _lanes() -> Iterator[ShopPace]:
    # It reads the project's settings, and exits where they are wrong: the other pages go on then.
    from category_crawler.pace.delay import seconds_between

    for lane, ahead in _asked_lanes().items():
        yield ShopPace(lane.host, lane.exit, seconds_between(lane.host), ahead)


def _asked_lanes() -> dict[Lane, float]:
    """Shops and exits, and seconds until the next free turn; none while the engine is away."""
    cluster = services().cluster
    if cluster is None:
        return lanes_in(var_folder() / "pace")
    try:
        return cluster.lanes()
    except ScrapydError:
        return {}


def _nodes() -> list[NodeState] | None:
    """The nodes of the cluster; None on one machine, and empty while the engine is away."""
    cluster = services().cluster
    if cluster is None:
        return None
    try:
        return node_states(cluster)
    except ScrapydError:
        return []


def _scrapyd() -> tuple[Slots | None, list[Job]]:
    """Slots and jobs; none while Scrapyd does not answer."""
    try:
        return services().scrapyd.slots(), services().scrapyd.open_jobs()
    except ScrapydError:
        return None, []
