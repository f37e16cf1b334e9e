"""Pages for people: rendered on the server, one blueprint for each, every view a URL.

A page calls the same rules as the API, never the API itself over HTTP. :mod:`.page` makes the
blueprints and says who may see them; :mod:`.words` puts values into the reader's words.
"""

from datetime import timedelta

from flask import Flask

from api.config import Settings
from api.web import (
    account,
    alert_rules,
    collection_actions,
    collections,
    failures,
    job_log,
    kept_results,
    menu,
    new_crawl,
    operator_audit,
    operator_runs,
    operator_service,
    operator_users,
    postcodes,
    product,
    repeats,
    run,
    run_changes,
    run_products,
    sign_in,
    start,
    words,
)
from api.web.cookie import SecureCookie, secret_key
from api.web.page import csrf


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its pages."""
    app.session_interface = SecureCookie()
    app.config.update(
        SECRET_KEY=secret_key(),
        SESSION_COOKIE_NAME="category_crawler",
        SESSION_COOKIE_SAMESITE="Lax",
        # It carries a token that ends at its own time: a later cookie would not sign in for longer.
        SESSION_REFRESH_EACH_REQUEST=False,
        # The API's calls carry keys and no cookie; pages check each form themselves.
        WTF_CSRF_CHECK_DEFAULT=False,
        # A form is good for as long as its reader is signed in.
        WTF_CSRF_TIME_LIMIT=None,
        # Our Referrer-Policy has browsers send no referrer, which the strict check asks for.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.permanent_session_lifetime = timedelta(seconds=settings.token_lifetime)
    csrf.init_app(app)
    for one in (
        *(start, sign_in, new_crawl, collections, run, run_products, run_changes, product),
        *(collection_actions, repeats, alert_rules, kept_results, postcodes, account),
        *(operator_service, operator_runs, operator_users, operator_audit, job_log),
    ):
        app.register_blueprint(one.blueprint)
    words.init_app(app)
    menu.init_app(app)
    failures.init_app(app)
