"""Pages that say what went wrong, and what to do."""

from dataclasses import replace

from flask import Blueprint, Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import MethodNotAllowed, NotFound

from api.rest.envelope import failure
from api.rest.problem import Problem, problem_of
from api.web.policy import with_policy
from api.web.problems import NOTHING_HERE, not_started, shown_problem
from api.web.way_back import is_asked_by_a_person, page_of

_OLD_FORM = Problem(
    400, "This form is too old, or was not sent from this site: load the page again and send it"
)
_FOR_A_FORM = "This address only takes what a button or a form of a page sends; it shows nothing"


def page(problem: Problem, way_back: str = "") -> Response:
    """A page with a problem's sentence; ``way_back`` is where it leads to."""
    shown = render_template("web/failure.html", problem=problem, way_back=way_back)
    response = make_response(shown, problem.code)
    response.headers.extend(problem.headers)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def handle(blueprint: Blueprint) -> None:
    """Make every error of a blueprint's views a page."""
    blueprint.register_error_handler(CSRFError, lambda _: page(_OLD_FORM, page_of(request.path)))
    blueprint.register_error_handler(Exception, lambda error: page(shown_problem(error)))


def init_app(app: Flask) -> None:
    """Answer unknown addresses, and those of forms, with a page where a person asks.

    It also gives templates a filter.
    """
    app.add_template_filter(not_started)
    app.register_error_handler(404, _unknown_address)
    app.register_error_handler(405, _address_of_a_form)


def _unknown_address(error: NotFound) -> Response:
    """A page where a browser asks; programs that take anything get JSON, as from the API."""
    if not _is_for_a_person():
        return failure(problem_of(error))
    return with_policy(page(Problem(404, NOTHING_HERE)))


def _address_of_a_form(error: MethodNotAllowed) -> Response:
    """The same for an address that takes what a form sends, and shows nothing."""
    if not _is_for_a_person():
        return failure(problem_of(error))
    problem = replace(problem_of(error), sentence=_FOR_A_FORM)
    return with_policy(page(problem, page_of(request.path)))


def _is_for_a_person() -> bool:
    return is_asked_by_a_person() and not request.path.startswith("/api/")
