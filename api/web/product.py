"""PLACEHOLDER: to be written by its helper."""

from flask import render_template
from flask.typing import ResponseReturnValue

from api.web.page import page

blueprint = page("product", __name__, "/products/<domain>/<asin>")


@blueprint.get("/")
def show(domain: str, asin: str) -> ResponseReturnValue:
    """PLACEHOLDER."""
    return render_template("web/failure.html", problem={"code": 200, "sentence": "Product"})
