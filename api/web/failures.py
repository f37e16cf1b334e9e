"""Pages that say what went wrong, and what to do."""

from flask import Blueprint, Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound

from api.rest.envelope import failure
from api.rest.problem import Problem, problem_of
from api.web.policy import with_policy
from api.web.problems import NOTHING_HERE, not_started, shown_problem

_OLD_FORM = Problem(
    400, "This form is too old, or was not sent from this site: load the page again and send it"
)


def page(problem: Problem) -> Response:
    """A page with a problem's sentence."""
    response = make_response(render_template("web/failure.html", problem=problem), problem.code)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def handle(blueprint: Blueprint) -> None:
    """Make every error of a blueprint's views a page."""
    blueprint.register_error_handler(CSRFError, lambda _: page(_OLD_FORM))
    blueprint.register_error_handler(Exception, lambda error: page(shown_problem(error)))


def init_app(app: Flask) -> None:
    """Answer unknown addresses with a page where a person asks, and give templates a filter."""
    app.add_template_filter(not_started)
    app.register_error_handler(404, _unknown_address)


def _unknown_address(error: NotFound) -> Response:
    """A page where a browser asks; programs that take anything get JSON, as from the API."""
    asked = request.accept_mimetypes
    is_person = asked["text/html"] > asked["application/json"]
    if request.path.startswith("/api/") or not is_person:
        return failure(problem_of(error))
    return with_policy(page(Problem(404, NOTHING_HERE)))
