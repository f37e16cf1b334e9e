"""The rule by which the files of a collection's runs are removed: change it, remove it."""

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from api.rest.ownership import own_runner
from api.rest.retention_schemas import MOST, Kept
from api.services import services
from api.store.retention import Retention
from api.web.page import page
from api.web.run import Typed, address, handle_on_the_run, shown

blueprint = page("kept_results", __name__, "/collections/<int:collection_id>/retention")
handle_on_the_run(blueprint)
_KEPT: TypeAdapter[int] = TypeAdapter(Kept)
_WRONG = f"Write a whole number from 1 to {MOST:,}, or leave it empty."
_FIELDS = ("keep_days", "keep_runs")
_NOTHING = "Write a number of days, of runs, or both."


@blueprint.post("/")
def change(collection_id: int) -> ResponseReturnValue:
    """Give the collection a rule, or change it."""
    runner = own_runner(collection_id)
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    given: dict[str, int | None] = {}
    faults: dict[str, str] = {}
    for name, text in typed.items():
        try:
            given[name] = _KEPT.validate_python(text) if text else None
        except ValidationError:
            faults[name] = _WRONG
    if not faults and not any(given.values()):
        faults = {"keep_days": _NOTHING}
    if faults:
        return shown(runner, {"retention": Typed(typed, faults)}, 400)
    services().store.retention.set(collection_id, Retention(*given.values()))
    flash("The rule is saved. What it does not keep is removed within minutes.")
    return redirect(address(collection_id, runner.id, "retention"))


@blueprint.post("/remove")
def remove(collection_id: int) -> ResponseReturnValue:
    """Remove the rule of the collection."""
    runner = own_runner(collection_id)
    services().store.retention.set(collection_id, None)
    flash("The rule is removed.")
    return redirect(address(collection_id, runner.id, "retention"))
