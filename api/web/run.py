"""A run: how it stands, what came of it, how complete it is, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from api.alerts.findings import Findings
from api.alerts.saved_rules import saved_rules
from api.exports.report import exports_of
from api.rest.ownership import own_runner
from api.rest.problem import ApiError, Problem
from api.rest.reports import facts_of, report_of
from api.runners.attempts import folder_of, job_name
from api.runners.outcome import Step, advice_for, outcome, pages_a_minute, steps
from api.runners.retention import general_rule
from api.services import services
from api.store import StoreError
from api.store.records import Runner
from api.web import failures, run_log
from api.web.axis_picture import HEIGHT, picture_of
from api.web.page import page
from api.web.poll import polled
from api.web.problems import shown_problem
from api.web.way_back import part
from api.web.words import reader
from category_crawler.domain_config import DOMAINS
from category_crawler.run.reader import RunFolder

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
@part
def live(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """How an open run stands; once it is over, all parts of its page that change with that."""
    runner = services().jobs.refresh(own_runner(collection_id, runner_id))
    if runner.is_over:
        return polled(
            lambda: render_template("web/run_ended.html", **_whole(runner)), *facts_of(runner)
        )
    return polled(lambda: render_template("web/run_live.html", **_live(runner)), *facts_of(runner))


@blueprint.get("/runs/<int:runner_id>/coverage")
@part
def coverage(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """The picture of the price axis of an open run."""
    runner = own_runner(collection_id, runner_id)
    version = folder_of(runner).axis_version
    return polled(
        lambda: render_template("web/run_coverage.html", **_covered(runner)), version, runner.stage
    )


@blueprint.get("/runs/<int:runner_id>/log")
def log(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """Everything that is recorded of what has happened in a run."""
    runner = own_runner(collection_id, runner_id)
    is_there = runner.files_removed_at is None
    events = _in_words(folder_of(runner), _MOST_EVENTS, _domain(runner)) if is_there else []
    return render_template("web/run_log.html", runner=runner, events=events)


def address(collection_id: int, runner_id: int, part: str | None = None) -> str:
    """Where the page of a run is, or a part of it."""
    return url_for("run.show", collection_id=collection_id, runner_id=runner_id, _anchor=part)


def handle_on_the_run(blueprint: Blueprint) -> None:
    """Say what went wrong in a blueprint's views on the page of the collection's newest run."""
    blueprint.register_error_handler(Exception, _said_on_the_run)


def _said_on_the_run(error: Exception) -> ResponseReturnValue:
    problem = shown_problem(error)
    try:
        runner = own_runner((request.view_args or {})["collection_id"])
        return shown(runner, code=problem.code, problem=problem)
    except (ApiError, StoreError):
        # There is no such run to be seen, or the database is the problem.
        return failures.page(problem)


def shown(
    runner: Runner,
    typed: Mapping[str, Typed] | None = None,
    code: int = 200,
    problem: Problem | None = None,
) -> ResponseReturnValue:
    """The page of a run; ``typed`` are forms that are shown again, by their names.

    ``problem`` is what kept a form from being carried out.
    """
    whole = _whole(services().jobs.refresh(runner))
    made = render_template("web/run.html", **whole, typed=typed or {}, problem=problem, Typed=Typed)
    return made, code


def _whole(runner: Runner) -> dict[str, Any]:
    """What the page needs, without what was typed."""
    store, collection = services().store, runner.collection.id
    newest = store.runners.newest(runner.collection.user, collection) or runner
    is_newest = newest.id == runner.id
    skip = max(0, min(request.args.get("runs_skip", 0, type=int) or 0, 2**31))
    return (
        _live(runner)
        | _covered(runner)
        | {
            "newest_id": newest.id,
            "was_cancelled": newest.was_cancelled,
            "job": job_name(runner),
            "steps": steps(runner, is_newest=is_newest),
            "advice": advice_for(runner, is_newest=is_newest),
            "exports": exports_of(store, runner),
            "runs": store.runners.of_collection(collection, _RUNS_ON_A_PAGE, skip),
            "runs_total": store.runners.number_of(collection),
            "runs_skip": skip,
            "runs_limit": _RUNS_ON_A_PAGE,
            "runs_link": lambda to: url_for(
                "run.show",
                collection_id=collection,
                runner_id=runner.id,
                runs_skip=to or None,
                _anchor="runs",
            ),
            "rules": saved_rules(store, collection),
            "retention": store.retention.of(collection),
            "retention_of_all": general_rule(services().settings),
            "found": _last_found(collection),
        }
    )


def _live(runner: Runner) -> dict[str, Any]:
    report = report_of(runner)
    return {
        "runner": runner,
        "report": report,
        "outcome": outcome(report),
        "pace": pages_a_minute(report),
        "log": _log_of(runner),
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


def _log_of(runner: Runner) -> Markup:
    """The latest events as the page shows them; empty without any."""
    if runner.files_removed_at:
        return Markup()
    folder = folder_of(runner)
    return _log_in(folder.path, folder.events_version, _domain(runner), reader())


@lru_cache(maxsize=256)  # polls every second; the log is rarely news, and half of the page's cost
def _log_in(path: Path, _version: str, domain: str, _locale: Locale) -> Markup:
    events = _in_words(RunFolder(path), _LATEST_EVENTS, domain)
    return Markup(render_template("web/run_events.html", events=events))  # noqa: S704 - escaped there


def _in_words(folder: RunFolder, most: int, domain: str) -> list[tuple[str, str]]:
    """When and what, newest first."""
    return [(event.at, run_log.told(event, domain)) for event in folder.events(most)]


def _last_found(collection: int) -> tuple[int, Findings] | None:
    """What the rules have found last, and for which run."""
    tried = services().store.alerts.last_tried(collection)
    return (tried.runner, Findings.model_validate_json(tried.found)) if tried else None


def _domain(runner: Runner) -> str:
    domain: str = runner.collection.request.fields.get("domain", "")
    return domain if domain in DOMAINS else ""
