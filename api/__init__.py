"""The job API: add_schedule, result and cancel over Scrapyd.

A request's walk: :mod:`.rest` finds the user and checks the body, a view in :mod:`.routes` hands on
to the rules, and the answer leaves in an envelope.

* :mod:`.runners`: how a runner starts, what became of it, how it is cancelled
* :mod:`.delivery_sessions`: the same of a delivery session
* :mod:`.products`: a run's rows as downloads and as data
* :mod:`.alerts`: rules of collections, tried against each run that ends
* :mod:`.accounts`: logins, tokens and keys
* :mod:`.notices`: tells of runs that have ended, by mail and webhook
* :mod:`.store`: SQLite; :mod:`.scrapyd`: the client of Scrapyd
* :mod:`.services`: all of these, as views and commands find them
* :mod:`.rest`: HTTP around it all; :mod:`.routes`: one file for each resource
* :mod:`.web`: pages for people
* :mod:`.commands`: ``flask --app api …``
"""

from flask import Flask
from flask.cli import NoAppException

from api import web
from api.commands import cli
from api.config import Settings
from api.rest import envelope, guards
from api.routes import (
    alerts,
    category,
    changes,
    history,
    meta,
    products,
    recurring,
    results,
    users,
    zipcodes,
)
from api.routes import settings as settings_routes
from api.runners.report import BASE_PATH
from api.services import Services
from api.store import StoreError, is_damaged
from category_crawler.files.home import var_folder


def create_app(given: Settings | None = None) -> Flask:
    """The application over the home folder's database and Scrapyd."""
    app = Flask(__name__, static_folder="web/static")
    app.config["MAX_CONTENT_LENGTH"] = envelope.LARGEST_BODY
    app.url_map.merge_slashes = False
    settings = given or _settings()
    _services(settings).init_app(app)
    for resource in (
        *(category, recurring, products, changes, history, alerts, results),
        *(settings_routes, zipcodes, users),
    ):
        app.register_blueprint(
            resource.blueprint, url_prefix=BASE_PATH + (resource.blueprint.url_prefix or "")
        )
    app.register_blueprint(meta.blueprint)
    envelope.init_app(app)
    guards.init_app(app)
    cli.init_app(app)
    web.init_app(app, settings)
    return app


def _services(settings: Settings) -> Services:
    try:
        return Services.make(settings)
    except StoreError as error:
        todo = "restore its backup (docs/operations.md)" if is_damaged(error) else "try again"
        raise NoAppException(
            f"the database in {var_folder()} cannot be used ({error}): {todo}"
        ) from None


def _settings() -> Settings:
    try:
        return Settings.load()
    except ValueError as error:
        # Flask's command line prints this one as a sentence.
        raise NoAppException(str(error)) from None
