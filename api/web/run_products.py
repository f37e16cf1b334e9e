"""The products of a run: a table to search, sort and filter, what they have in common, files."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.products.downloads import Downloads, NotReady
from api.products.forms import MIMETYPES
from api.products.overview import Overview
from api.products.selection import Selection
from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.rest.run_files import rows_file, selected_file
from api.runners.asked import asked_of
from api.services import services
from api.store.records import Runner
from api.web.download import download
from api.web.page import page
from api.web.problems import why_no_table
from api.web.product_columns import columns, fields_of
from api.web.product_form import PAGE, ProductForm

T = TypeVar("T")

blueprint = page(
    "run_products", __name__, "/collections/<int:collection_id>/runs/<int:runner_id>/products"
)
_SELECTED = ("csv", "xlsx", "parquet", "json")
"""The forms in which the products that are shown can be had."""


@blueprint.get("/")
def show(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """One page of the products that fit."""
    runner, form = _own(collection_id, runner_id), ProductForm.read(request.args)
    found, waiting = _look(runner, form, Selection.found)
    shown = render_template(
        f"web/{'products_found' if _is_part() else 'run_products'}.html",
        **_about(runner, form),
        columns=columns(),
        limit=PAGE,
        found=found,
        waiting=waiting,
        trouble=why_no_table(waiting),
        selected_forms=_SELECTED,
        all_forms=tuple(MIMETYPES),
    )
    return shown, 400 if form.faults else 200


@blueprint.get("/overview/")
def overview(collection_id: int, runner_id: int) -> ResponseReturnValue:
    """What the products that fit have in common, as pictures and numbers."""
    runner, form = _own(collection_id, runner_id), ProductForm.read(request.args)
    found, waiting = _look(runner, form, Selection.overview)
    shown = render_template(
        f"web/{'products_overview' if _is_part() else 'run_overview'}.html",
        **_about(runner, form),
        found=found or Overview(),
        waiting=waiting,
        trouble=why_no_table(waiting),
    )
    return shown, 400 if form.faults else 200


@blueprint.get(f"/selected.<any({', '.join(_SELECTED)}):ending>")
def selected(collection_id: int, runner_id: int, ending: str) -> Response:
    """Download the products that fit, with the columns that are shown."""
    runner, form = _own(collection_id, runner_id), ProductForm.read(request.args)
    if form.query is None:
        raise ApiError(400, " ".join(form.faults.values()).rstrip("."))
    selection, fields = Selection(runner, form.query), fields_of(form.columns)
    return download(
        lambda: selected_file(selection, fields, ending), _link(runner, "show", **form.address())
    )


@blueprint.get(f"/all.<any({', '.join(MIMETYPES)}):ending>")
def all_rows(collection_id: int, runner_id: int, ending: str) -> Response:
    """Download all rows of the run, as the API has them."""
    runner, form = _own(collection_id, runner_id), ProductForm.read(request.args)
    return download(lambda: rows_file(runner, ending), _link(runner, "show", **form.address()))


def _look(
    runner: Runner, form: ProductForm, ask: Callable[[Selection, Downloads], T]
) -> tuple[T | None, NotReady | None]:
    """What is asked of the products that fit; None with a wrong filter, or while it must wait."""
    if form.query is None:
        return None, None
    try:
        return ask(Selection(runner, form.query), services().downloads), None
    except NotReady as error:
        return None, error


def _own(collection_id: int, runner_id: int) -> Runner:
    return services().jobs.refresh(own_runner(collection_id, runner_id))


def _is_part() -> bool:
    """Whether htmx asks for what it puts into the page."""
    return "HX-Request" in request.headers


def _about(runner: Runner, form: ProductForm) -> dict[str, object]:
    """What both pages know."""
    asked, link = asked_of(runner), partial(_link, runner)
    return {"runner": runner, "asked": asked, "domain": asked.domain, "form": form, "link": link}


def _link(runner: Runner, view: str, **fields: Any) -> str:
    """The address of a view of this page, for the same run."""
    return url_for(
        f"run_products.{view}",
        collection_id=runner.collection.id,
        runner_id=runner.id,
        **fields,
    )
