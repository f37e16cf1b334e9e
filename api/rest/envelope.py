"""The envelope of every JSON answer, errors included."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from flask import Flask, Response, g
from pydantic_core import to_json

from api.rest.problem import Problem, problem_of
from api.services import services

_NOTHING: Mapping[str, Any] = MappingProxyType({})
LARGEST_BODY = 64 * 1024
"""Bytes of a request's body."""


def success(data: Any) -> Response:
    """An envelope around an answer."""
    return _envelope(HTTPStatus.OK, data, 1)


def failure(problem: Problem) -> Response:
    """An envelope around a problem's sentence, and beside it each field that is wrong."""
    wrong = [{"field": one.field, "message": one.message} for one in problem.faults]
    answer = _envelope(problem.code, problem.sentence, 0, {"errors": wrong} if wrong else {})
    answer.headers.extend(problem.headers)
    if problem.retry_after is not None:
        answer.headers["Retry-After"] = str(problem.retry_after)
    return answer


def http_status(code: int) -> int:
    """The HTTP status of an enveloped answer."""
    return 200 if services().settings.always_http_200 else code


def init_app(app: Flask) -> None:
    """Make every error of the application an envelope."""
    app.register_error_handler(Exception, lambda error: failure(problem_of(error)))


def enveloped(code: int, data: Any, status: int, more: Mapping[str, Any] = _NOTHING) -> bytes:
    """The JSON of an envelope; ``status`` is 1 for a success, else 0."""
    return to_json({"code": int(code), "data": data, "status": status, **more})


def _envelope(code: int, data: Any, status: int, more: Mapping[str, Any] = _NOTHING) -> Response:
    # The HTTP status may be 200 whatever happened.
    g.answered = int(code)
    body = enveloped(code, data, status, more)
    g.answered = int(code)
    return Response(body, http_status(int(code)), mimetype="application/json")
