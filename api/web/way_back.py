"""The whole page that an address belongs to: of a form, or of a part that htmx asks for."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import redirect, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

P = ParamSpec("P")


def is_asked_by_a_person() -> bool:
    """Whether a browser asks for a page; programs take anything, or JSON."""
    asked = request.accept_mimetypes
    return asked["text/html"] > asked["application/json"]


def page_of(path: str) -> str:
    """The page with this path, or else the nearest one above it."""
    while path and not _is_shown(path):
        path = f"{path.rstrip('/').rpartition('/')[0]}/"
    return path


def page_above(path: str) -> str:
    """The nearest page above a path."""
    return page_of(f"{path.rstrip('/').rpartition('/')[0]}/")


def part(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A view of a part of a page: opened by hand, its address leads to the whole page."""

    @wraps(view)
    def shown(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if is_opened_by_hand():
            return redirect(page_above(request.path))
        return view(*args, **kwargs)

    return shown


def is_opened_by_hand() -> bool:
    """Whether a person has opened the address, and no page has asked for a part of itself."""
    return "HX-Request" not in request.headers and is_asked_by_a_person()


def _is_shown(path: str) -> bool:
    """Whether something is shown at a path."""
    adapter = request_ctx.url_adapter
    assert adapter is not None, "it is asked while there is a request"
    try:
        adapter.match(path, method="GET")
    except RequestRedirect:
        return False
    except HTTPException:
        return path == "/"
    return True
