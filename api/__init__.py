"""The job API: add_schedule, result and cancel over Scrapyd.

A request's walk: :mod:`.auth` finds the user, :mod:`.operation` checks the body against a model
of :mod:`.schemas`, a view in :mod:`.routes` hands on to the rules in :mod:`.jobs`, and the answer
leaves in an :mod:`.envelope`; :mod:`.guards`
stand around it all.

* :mod:`.jobs`: what becomes of a runner; asks :mod:`.scrapyd`, :mod:`.store` and the run's folder
* :mod:`.sessions`: the same of a delivery session
* :mod:`.accounts`: logins, tokens and keys
* :mod:`.report`, :mod:`.rows`: a runner and its rows as clients see them
* :mod:`.downloads`: CSV tables of rows, made once for all who ask
* :mod:`.watch`: looks at open runners on a timer, when nobody asks
* :mod:`.notices`: tells of runs that have ended, by :mod:`.mail` and :mod:`.webhook`,
  whose connections live in an :mod:`.event_loop`
* :mod:`.openapi`: the specification, made of the same models
* :mod:`.cli`: ``flask --app api …``
"""

from flask import Flask
from flask.cli import NoAppException

from api import cli, envelope, guards
from api.accounts import Accounts
from api.config import Settings
from api.downloads import Downloads
from api.jobs import Jobs
from api.notices import Notices
from api.rate_limit import RateLimit
from api.report import BASE_PATH
from api.routes import category, meta, results, settings, users, zipcodes
from api.scrapyd import Scrapyd
from api.sessions import Sessions
from api.store import Store
from category_crawler.home import var_folder


def create_app(given: Settings | None = None) -> Flask:
    """The application over the home folder's database and Scrapyd."""
    app = Flask(__name__)
    app.config["SETTINGS"] = given or _settings()
    app.config["MAX_CONTENT_LENGTH"] = envelope.LARGEST_BODY
    app.url_map.merge_slashes = False
    store = Store(var_folder() / "api.db")
    app.extensions["store"] = store
    behind = store, Scrapyd(), app.config["SETTINGS"]
    app.extensions["rate_limit"] = RateLimit(app.config["SETTINGS"].rate_limit)
    app.extensions["accounts"] = Accounts(store, app.config["SETTINGS"])
    app.extensions["sessions"] = Sessions(*behind)
    app.extensions["jobs"] = Jobs(*behind, app.extensions["sessions"])
    app.extensions["downloads"] = Downloads(
        var_folder() / "downloads",
        app.config["SETTINGS"].downloads_bytes,
        app.config["SETTINGS"].min_free_bytes,
    )
    app.extensions["notices"] = Notices(store, app.config["SETTINGS"])
    for resource in (category, settings, results, zipcodes, users):
        app.register_blueprint(
            resource.blueprint, url_prefix=BASE_PATH + (resource.blueprint.url_prefix or "")
        )
    app.register_blueprint(meta.blueprint)
    envelope.init_app(app)
    guards.init_app(app)
    cli.init_app(app)
    return app


def _settings() -> Settings:
    try:
        return Settings.load()
    except ValueError as error:
        # Flask's command line prints this one as a sentence.
        raise NoAppException(str(error)) from None
