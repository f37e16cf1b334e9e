"""What every request gets: an id, a line in the access log, security headers.

There is no CORS header: scripts of other web pages are not clients of this API.
"""

import logging
import re
import secrets
import time
from urllib.parse import quote

from flask import Flask, Response, g, request

from api.metrics.process import count_answer
from api.rest.auth import current_user, is_authenticated
from category_crawler.log_lines import begin_lines_of

logger = logging.getLogger(__name__)

_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The page at /docs has its style within it and nothing else.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}
_ASKED_OFTEN = ("/healthz", "/metrics")
_YEAR = 31_536_000


def init_app(app: Flask) -> None:
    """Put the guards around the application's requests."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def headers_of_refusal() -> dict[str, str]:
    """The headers of an envelope with which the server itself refuses a request."""
    return _HEADERS | {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Request-Id": secrets.token_hex(8),
    }


def _begin() -> None:
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if _GOOD_ID.fullmatch(asked) else secrets.token_hex(8)
    g.begun = time.monotonic()
    begin_lines_of({"request_id": g.request_id})


def _leave(_error: BaseException | None) -> None:
    # The thread writes lines between two requests, too.
    begin_lines_of({})


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    for name, value in _HEADERS.items():
        # Pages for people have a Content-Security-Policy of their own.
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    if "ETag" in response.headers:
        response.cache_control.private = True
    else:
        response.headers["Cache-Control"] = "no-store"
    _log(response)
    return response


def _log(response: Response) -> None:
    """One line, without the query: some clients put their key there, in vain.

    The answer is counted too, by the code in its envelope if it has one.
    """
    level = logging.DEBUG if request.path in _ASKED_OFTEN else logging.INFO
    user = current_user().id if is_authenticated() else "-"
    took = time.monotonic() - g.begun
    route = request.url_rule.rule if request.url_rule else None
    count_answer(request.method, route, g.get("answered", response.status_code), took)
    told = request.method, quote(_path()), response.status_code, took * 1000, user
    logger.log(level, "%s %s %s %.0f ms user %s", *told)


def _path() -> str:
    """The request's path, without the secret of a sign-in link."""
    secret = (request.view_args or {}).get("secret")
    return request.path.replace(secret, "…") if secret else request.path
