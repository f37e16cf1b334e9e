"""A run: how it stands, what came of it, how complete it is, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.alerts.findings import Findings
from api.alerts.saved_rules import saved_rules
from api.exports.report import exports_of
from api.rest.ownership import own_runner
from api.rest.reports import report_of
from api.runners.attempts import folder_of, job_name
from api.runners.outcome import Step, advice_for, outcome, pages_a_minute, steps
from api.runners.recurrence import Every
from api.services import services
from api.store.records import Runner
from api.web import run_log
from api.web.axis_picture import HEIGHT, picture_of
from api.web.page import page
from category_crawler.domain_config import DOMAINS

blueprint = page("run", __name__, "/collections/<int:collection_id>")

_LATEST_EVENTS, _MOST_EVENTS = 12, 400
_RUNS_ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that is shown again: what was typed, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


@blueprint.get("/")
def newest(collection_id: int) -> ResponseReturnValue:
    """Lead to the newest run of a collection."""
    runner = own_runner(collection_id)
    return redirect(url_for("run.show", collection_id=collection_id, runner_id=runner.id))


@blueprint.get("/runs/<int:runner_id>/")
def show(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """One run of a collection."""
    return shown(own_runner(collection_id, runner_id))


@blueprint.get("/runs/<int:runner_id>/live")
def live(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """How an open run stands; once it has ended, the whole page is to be loaded."""
    runner = services().jobs.refresh(own_runner(collection_id, runner_id))
    response = Response()
    response.cache_control.no_cache = True
    if runner.has_ended:
        response.headers["HX-Refresh"] = "true"
        return response
    version = version_of(runner)
    response.set_etag(version)
    if not request.if_none_match.contains(version):
        response.set_data(render_template("web/run_live.html", **_live(runner, version)))
    return make_response(response.make_conditional(request))


@blueprint.get("/runs/<int:runner_id>/coverage")
def coverage(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """The picture of the price axis of an open run."""
    runner = own_runner(collection_id, runner_id)
    response = Response()
    response.cache_control.no_cache = True
    response.set_etag(f"axis-{_hash(folder_of(runner).axis_version, runner.stage)}")
    if not request.if_none_match.contains(response.get_etag()[0] or ""):
        response.set_data(render_template("web/run_coverage.html", **_covered(runner)))
    return make_response(response.make_conditional(request))


@blueprint.get("/runs/<int:runner_id>/log")
def log(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """Everything that is recorded of what has happened in a run."""
    runner = own_runner(collection_id, runner_id)
    return render_template(
        "web/run_log.html",
        runner=runner,
        events=_events(runner, _MOST_EVENTS),
    )


def address(collection_id: int, runner_id: int, part: str | None = None) -> str:
    """Where the page of a run is, or a part of it."""
    return url_for("run.show", collection_id=collection_id, runner_id=runner_id, _anchor=part)


def shown(
    runner: Runner, typed: Mapping[str, Typed] | None = None, code: int = 200
) -> ResponseReturnValue:
    """The page of a run; ``typed`` are forms that are shown again, by their names."""
    runner = services().jobs.refresh(runner)
    store, collection = services().store, runner.collection.id
    is_newest = _newest_id(runner) == runner.id
    skip = max(0, min(request.args.get("runs_skip", 0, type=int) or 0, 2**31))
    rules = saved_rules(store, collection)
    made = render_template(
        "web/run.html",
        **_live(runner) | _covered(runner),
        newest_id=_newest_id(runner),
        job=job_name(runner),
        steps=steps(runner, is_newest=is_newest),
        advice=advice_for(runner, is_newest=is_newest),
        exports=exports_of(store, runner),
        runs=store.runners.of_collection(collection, _RUNS_ON_A_PAGE, skip),
        runs_total=store.runners.number_of(collection),
        runs_skip=skip,
        runs_limit=_RUNS_ON_A_PAGE,
        runs_link=lambda to: url_for(
            "run.show",
            collection_id=collection,
            runner_id=runner.id,
            runs_skip=to or None,
            _anchor="runs",
        ),
        every=[*Every],
        typed=typed or {},
        Typed=Typed,
        rules=rules,
        found=_last_found(collection),
    )
    return made, code


def version_of(runner: Runner) -> str:
    """Another text whenever something has changed that is shown of an open run."""
    position = services().jobs.queue_position(runner)
    seen = (runner.id, runner.stage, runner.attempt, position, folder_of(runner).version)
    return _hash(*seen, request.headers.get("Accept-Language"))


def _live(runner: Runner, version: str = "") -> dict[str, Any]:
    report = report_of(runner)
    return {
        "runner": runner,
        "report": report,
        "outcome": outcome(report),
        "pace": pages_a_minute(report),
        "events": _events(runner, _LATEST_EVENTS),
        "version": version or ("" if runner.has_ended else version_of(runner)),
        "Step": Step,
    }


def _covered(runner: Runner) -> dict[str, Any]:
    axis = None if runner.files_removed_at else folder_of(runner).price_axis
    domain = _domain(runner)
    return {
        "runner": runner,
        "domain": domain,
        "axis": axis,
        "picture": picture_of(axis) if axis else None,
        "picture_height": HEIGHT,
        "coverage": report_of(runner)["coverage"] or {},
        "price_range": lambda one: run_log.price_range(one.low_cents, one.high_cents, domain),
        "part_name": lambda one, place: run_log.part_name(one, place, domain),
    }


def _events(runner: Runner, most: int) -> list[tuple[str, str]]:
    """When and what, newest first."""
    domain = _domain(runner)
    if runner.files_removed_at:
        return []
    return [(event.at, run_log.in_words(event, domain)) for event in folder_of(runner).events(most)]


def _last_found(collection: int) -> tuple[int, Findings] | None:
    """What the rules have found last, and for which run."""
    tried = services().store.alerts.last_tried(collection)
    return (tried.runner, Findings.model_validate_json(tried.found)) if tried else None


def _newest_id(runner: Runner) -> int:
    newest_one = services().store.runners.newest(runner.collection.user, runner.collection.id)
    return newest_one.id if newest_one else runner.id


def _domain(runner: Runner) -> str:
    domain: str = runner.collection.request.fields.get("domain", "")
    return domain if domain in DOMAINS else ""


def _hash(*parts: object) -> str:
    return sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:24]
