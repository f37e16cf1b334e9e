"""The service about itself: health, metrics, specification, a page to read it on."""

from flask import Blueprint, Response, jsonify, render_template
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.metrics.process import REGISTRY
from api.metrics.service import ServiceMetrics
from api.rest.envelope import failure, success
from api.rest.openapi import specification
from api.rest.operation import add_rule, describe
from api.rest.problem import Problem
from api.rest.schemas import Health
from api.rest.scraping import admit_scraper
from api.runners.health import health
from api.runners.nodes import cluster_report
from api.services import services

blueprint = Blueprint("meta", __name__)


def healthz() -> Response:
    """Say whether each part of the service is well; 503, naming it, where one is not."""
    jobs, cluster = services().jobs, services().cluster
    found = health(jobs, cluster)
    ailing = [f"{name}: {state}" for name, state in found.items() if state != "ok"]
    if ailing:
        return failure(Problem(503, "; ".join(ailing)))
    shown = {"cluster": cluster_report(jobs, cluster)} if cluster else {}
    return success(found | shown)


def metrics() -> Response:
    """Tell Prometheus how the service stands.

    With the operator's token; without one to this machine alone.
    """
    admit_scraper()
    whole = CollectorRegistry()
    whole.register(ServiceMetrics(services().jobs, services().cluster))
    shown = generate_latest(whole) + generate_latest(REGISTRY)
    return Response(shown, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def openapi() -> Response:
    """The specification of every call."""
    return jsonify(specification())


def docs() -> str:
    """The specification as a page."""
    return render_template("docs.html", specification=specification())


for _path, _view in {
    "/healthz": healthz,
    "/metrics": metrics,
    "/openapi.json": openapi,
    "/docs": docs,
}.items():
    add_rule(blueprint, _path, _view, "GET")
describe(blueprint, "GET", "/healthz", healthz, None, Health, (405, 503), secured=False)
describe(blueprint, "GET", "/metrics", metrics, None, str, (401, 403, 405, 429), secured=False)
