"""PLACEHOLDER: to be written by its helper."""

from flask import render_template
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("run_changes", __name__, "/collections/<int:collection_id>/changes")


@blueprint.get("/")
def show(collection_id: int) -> ResponseReturnValue:
    """PLACEHOLDER."""
    return render_template("web/failure.html", problem={"code": 200, "sentence": "Changes"})
