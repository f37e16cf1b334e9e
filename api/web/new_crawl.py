"""PLACEHOLDER: to be written by its helper."""

from flask import render_template
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("new_crawl", __name__, "/new")


@blueprint.get("/")
def form() -> ResponseReturnValue:
    """PLACEHOLDER."""
    return render_template("web/failure.html", problem={"code": 200, "sentence": "New crawl"})
