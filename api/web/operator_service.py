"""The service, for the operator: health, slots and queue, disk, and the pace at each shop."""

import shutil

from flask import render_template
from flask.typing import ResponseReturnValue

from api.runners.health import health
from api.runners.nodes import NodeState, node_states
from api.runners.pace import ShopPace, paces
from api.scrapyd.job_service import Job, ScrapydError, Slots
from api.services import services
from api.store.records import Role
from api.web.page import page
from api.web.poll import polled
from api.web.way_back import part
from category_crawler.daemon.address import console
from category_crawler.files.home import home

blueprint = page("operator_service", __name__, "/operator", role=Role.OPERATOR)


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
        "lanes": _lanes(),
    }


def _lanes() -> list[ShopPace]:
    """The pace at each shop; none while the engine is away."""
    try:
        return paces(services().cluster)
    except ScrapydError:
        return []


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
