"""PLACEHOLDER: to be written by its helper."""

from flask import render_template
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("run", __name__, "/collections/<int:collection_id>")


@blueprint.get("/runs/<int:runner_id>/")
def show(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """PLACEHOLDER."""
    return render_template("web/failure.html", problem={"code": 200, "sentence": "Run"})
