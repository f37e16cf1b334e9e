"""PLACEHOLDER: to be written by its helper."""

from flask import render_template
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("collections", __name__, "/collections")


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """PLACEHOLDER."""
    return render_template("web/failure.html", problem={"code": 200, "sentence": "Collections"})
