"""The service about itself: health, specification, a page to read it on."""

import sqlite3
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template

from api.envelope import failure, success
from api.jobs import Jobs
from api.openapi import specification
from api.operation import add_rule, describe
from api.schemas import Health
from api.scrapyd import ScrapydError

blueprint = Blueprint("meta", __name__)


def healthz() -> Response:
    """Say whether database and Scrapyd are well."""
    jobs = cast(Jobs, current_app.extensions["jobs"])
    health = {"database": _database(jobs), "scrapyd": _scrapyd(jobs)}
    ailing = [f"{name}: {state}" for name, state in health.items() if state != "ok"]
    return failure(503, "; ".join(ailing)) if ailing else success(health)


def openapi() -> Response:
    """The specification of every call."""
    return jsonify(specification())


def docs() -> str:
    """The specification as a page."""
    return render_template("docs.html", specification=specification())


def _database(jobs: Jobs) -> str:
    try:
        jobs.store.users()
    except sqlite3.Error as error:
        return str(error)
    return "ok"


def _scrapyd(jobs: Jobs) -> str:
    try:
        jobs.scrapyd.daemonstatus()
    except ScrapydError as error:
        return str(error)
    return "ok"


for _path, _view in {"/healthz": healthz, "/openapi.json": openapi, "/docs": docs}.items():
    add_rule(blueprint, _path, _view, "GET")
describe(blueprint, "GET", "/healthz", healthz, None, Health, (405, 503), secured=False)
