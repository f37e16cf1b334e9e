"""The address without a path: leads to one's collections."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("start", __name__)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """Lead to the page to begin with."""
    return redirect(url_for("collections.listed"))
