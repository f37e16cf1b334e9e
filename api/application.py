"""Builds the application of :func:`api.create_app`: its services, resources, commands and pages."""

from flask import Flask
from flask.cli import NoAppException

from api import web
from api.backup.staging import RestoreGoesOn, finish_restore
from api.commands import cli
from api.config import Settings
from api.rest import deeds, envelope, guards
from api.routes import (
    alerts,
    category,
    changes,
    history,
    meta,
    products,
    recurring,
    results,
    retention,
    users,
    zipcodes,
)
from api.routes import settings as settings_routes
from api.runners.report import BASE_PATH
from api.services import Services
from api.store import StoreError, StoreTooNew, is_damaged
from category_crawler.files.home import var_folder


def make_application(given: Settings | None) -> Flask:
    """The application over the home folder's database and Scrapyd."""
    app = Flask("api", static_folder="web/static")
    app.config["MAX_CONTENT_LENGTH"] = envelope.LARGEST_BODY
    app.url_map.merge_slashes = False
    _finish_restore()
    settings = given or _settings()
    _services(settings).init_app(app)
    for resource in (
        *(category, recurring, products, changes, history, alerts, retention, results),
        *(settings_routes, zipcodes, users),
    ):
        app.register_blueprint(
            resource.blueprint, url_prefix=BASE_PATH + (resource.blueprint.url_prefix or "")
        )
    app.register_blueprint(meta.blueprint)
    envelope.init_app(app)
    guards.init_app(app)
    deeds.init_app(app)
    cli.init_app(app)
    web.init_app(app, settings)
    return app


def _finish_restore() -> None:
    try:
        finish_restore()
    except (RestoreGoesOn, OSError) as error:
        raise NoAppException(str(error)) from None


def _services(settings: Settings) -> Services:
    try:
        return Services.make(settings)
    except StoreError as error:
        raise NoAppException(
            f"the database in {var_folder()} cannot be used ({error}): {_todo(error)}"
        ) from None


def _todo(error: StoreError) -> str:
    """What to do about a database that cannot be used."""
    if isinstance(error, StoreTooNew):
        return "install that version, or move it away and restore a backup from before"
    return "move it away and restore its backup" if is_damaged(error) else "try again"


def _settings() -> Settings:
    try:
        return Settings.load()
    except ValueError as error:
        # Flask's command line prints this one as a sentence.
        raise NoAppException(str(error)) from None
