"""Pages that say what went wrong, and what to do."""

import logging
from typing import Any

from flask import Blueprint, Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from api.delivery_sessions import Conflict
from api.rest.envelope import SENTENCES, ApiError, http_exception
from api.runners.recurrence import InvalidRecurrence
from api.runners.repeats import NotRepeatable
from api.scrapyd.client import ScrapydAway, ScrapydRefused
from api.sentences import DAMAGED, NO_CREDITS, without_paths
from api.store import NotEnoughCredits, StoreError, StoreUnusable, is_damaged
from api.web.policy import with_policy
from category_crawler.errors import CrawlError
from category_crawler.job import WrongFields

logger = logging.getLogger(__name__)

_NOTHING_HERE = "There is no such page. It may have been deleted, or its address mistyped."
_OLD_FORM = "This form is too old, or was not sent from this site: load the page again and send it."


def page(code: int, sentence: str, retry_after: int | None = None) -> Response:
    """A page with one sentence; ``retry_after`` is in seconds."""
    response = make_response(
        render_template("web/failure.html", code=code, sentence=sentence), code
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def handle(blueprint: Blueprint) -> None:
    """Make every error of a blueprint's views a page."""
    say = blueprint.register_error_handler
    say(ApiError, lambda e: page(e.code, without_paths(e.sentence), e.retry_after))
    say(CSRFError, lambda _: page(400, _OLD_FORM))
    say(WrongFields, lambda e: page(400, without_paths(str(e))))
    say(CrawlError, lambda e: page(400, without_paths(str(e))))
    say(NotEnoughCredits, lambda _: page(402, NO_CREDITS))
    for away in (ScrapydAway, ScrapydRefused):
        say(away, lambda e: page(e.code, f"{e}. Nothing was started; try again later"))
    for conflict in (Conflict, NotRepeatable, InvalidRecurrence):
        say(conflict, lambda e: page(409, str(e)))
    say(StoreUnusable, _database_busy)
    say(StoreError, _database_error)
    say(OSError, _files_unusable)
    say(HTTPException, _http_exception)
    say(Exception, _unexpected)


def init_app(app: Flask) -> None:
    """Answer unknown addresses with a page where a person asks."""
    app.register_error_handler(404, _unknown_address)


def _unknown_address(error: HTTPException) -> Response:
    """A page where a browser asks; programs that take anything get JSON, as from the API."""
    asked = request.accept_mimetypes
    is_person = asked["text/html"] > asked["application/json"]
    if request.path.startswith("/api/") or not is_person:
        return http_exception(error)
    return with_policy(page(404, _NOTHING_HERE))


def _http_exception(error: HTTPException) -> Response:
    if error.code == 404:
        return page(404, _NOTHING_HERE)
    return page(error.code or 500, SENTENCES.get(error.code or 500) or str(error.description))


def _database_busy(error: StoreUnusable) -> Response:
    logger.error("The database could not be used: %s", error)
    return page(503, SENTENCES[503])


def _database_error(error: StoreError) -> Response:
    if not is_damaged(error):
        return _unexpected(error)
    logger.error("The database is damaged: %s", error)
    return page(503, DAMAGED)


def _files_unusable(error: OSError) -> Response:
    logger.error("A file could not be used", exc_info=error)
    return page(503, f"A file of the service cannot be used just now ({error.strerror})")


def _unexpected(error: Any) -> Response:
    logger.error("Unexpected failure", exc_info=error)
    return page(500, SENTENCES[500])
