"""The envelope of every JSON answer, errors included."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from flask import Flask, Response
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException

from api.delivery_sessions import Conflict
from api.runners.recurrence import InvalidRecurrence
from api.runners.repeats import NotRepeatable
from api.scrapyd.client import ScrapydAway, ScrapydRefused
from api.sentences import DAMAGED, NO_CREDITS, without_paths
from api.services import services
from api.store import NotEnoughCredits, StoreError, StoreUnusable, is_damaged
from api.store.idempotency import KeyTaken
from category_crawler.errors import CrawlError
from category_crawler.job import Fault, WrongFields

logger = logging.getLogger(__name__)

_NOTHING: Mapping[str, Any] = MappingProxyType({})
LARGEST_BODY = 64 * 1024
"""Bytes of a request's body."""
SENTENCES = {
    404: "There is nothing at this path; /docs lists what there is",
    405: "This path does not take this method; /docs lists what it takes",
    413: "The body is larger than 64 KiB",
    503: "The database is busy or cannot be written just now; try again in a moment",
    500: "Something went wrong here; it has been logged",
}


_KEY_TAKEN = (
    "The Idempotency-Key has been sent with another call or another body within a day: "
    "send a new key with a new request"
)


class ApiError(Exception):
    """An error for the client: a status code and a sentence that says what to do."""

    def __init__(
        self, code: int, sentence: str, retry_after: int | None = None, field: str = ""
    ) -> None:
        """``field`` names the one that is wrong."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.retry_after = retry_after
        """Seconds."""
        self.faults = [Fault(field, sentence)] if field else []


def success(data: Any) -> Response:
    """An envelope around an answer."""
    return _envelope(HTTPStatus.OK, data, 1)


def failure(code: int, sentence: str, faults: Sequence[Fault] = ()) -> Response:
    """An envelope around a sentence, and beside it each field that is wrong."""
    wrong = [{"field": f.field, "message": without_paths(f.message)} for f in faults]
    more = {"errors": wrong} if wrong else {}
    return _envelope(code, without_paths(sentence), 0, more)


def http_status(code: int) -> int:
    """The HTTP status of an enveloped answer."""
    return 200 if services().settings.always_http_200 else code


def init_app(app: Flask) -> None:
    """Make every error of the application an envelope."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(WrongFields, lambda e: failure(400, str(e), e.faults))
    app.register_error_handler(CrawlError, lambda e: failure(400, str(e)))
    app.register_error_handler(NotEnoughCredits, lambda _: failure(402, NO_CREDITS))
    for kind in (ScrapydAway, ScrapydRefused):
        app.register_error_handler(kind, _not_scheduled)
    for conflict in (Conflict, NotRepeatable, InvalidRecurrence):
        app.register_error_handler(conflict, lambda e: failure(409, str(e)))
    app.register_error_handler(KeyTaken, lambda _: failure(409, _KEY_TAKEN))
    app.register_error_handler(StoreUnusable, _database_busy)
    app.register_error_handler(StoreError, _database_error)
    app.register_error_handler(OSError, _files_unusable)
    app.register_error_handler(HTTPException, http_exception)
    app.register_error_handler(Exception, _unexpected)


def enveloped(code: int, data: Any, status: int, more: Mapping[str, Any] = _NOTHING) -> bytes:
    """The JSON of an envelope; ``status`` is 1 for a success, else 0."""
    return to_json({"code": int(code), "data": data, "status": status, **more})


def _envelope(code: int, data: Any, status: int, more: Mapping[str, Any] = _NOTHING) -> Response:
    body = enveloped(code, data, status, more)
    return Response(body, http_status(int(code)), mimetype="application/json")


def _api_error(error: ApiError) -> Response:
    answer = failure(error.code, error.sentence, error.faults)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _not_scheduled(error: ScrapydAway | ScrapydRefused) -> Response:
    return failure(error.code, f"{error}. Nothing was scheduled; try again later")


def _database_busy(error: StoreUnusable) -> Response:
    logger.error("The database could not be used: %s", error)
    return failure(503, SENTENCES[503])


def _database_error(error: StoreError) -> Response:
    if not is_damaged(error):
        return _unexpected(error)
    logger.error("The database is damaged: %s", error)
    return failure(503, DAMAGED)


def _files_unusable(error: OSError) -> Response:
    logger.error("A file could not be used", exc_info=error)
    return failure(503, f"A file of the service cannot be used just now ({error.strerror})")


def http_exception(error: HTTPException) -> Response:
    """An envelope about an error of HTTP, such as an unknown path."""
    code = error.code or 500
    answer = failure(code, SENTENCES.get(code) or str(error.description))
    # Such as Allow of 405, and Content-Range of 416.
    answer.headers.extend((n, value) for n, value in error.get_headers() if n != "Content-Type")
    return answer


def _unexpected(error: Exception) -> Response:
    logger.error("Unexpected failure", exc_info=error)
    return failure(500, SENTENCES[500])
