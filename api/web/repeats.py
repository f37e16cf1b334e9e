"""The schedule by which a collection is crawled again: change, pause, go on, remove."""

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.runners.recurrence import Recurrence
from api.runners.schedule_changes import go_on, set_schedule
from api.services import services
from api.store.schedules import Schedule
from api.web.collection_actions import back_to
from api.web.page import page
from api.web.problems import sentence_of
from api.web.run import Typed, address, handle_on_the_run, shown
from category_crawler.fault import faults_of

blueprint = page("repeats", __name__, "/collections/<int:collection_id>/schedule")
handle_on_the_run(blueprint)

_CRON = "cron"
"""The choice of those who write a cron expression."""


@blueprint.post("/")
def change(collection_id: int) -> ResponseReturnValue:
    """Give the collection a schedule, or change it."""
    runner = own_runner(collection_id)
    typed = {name: request.form.get(name, "").strip() for name in ("every", "at", "cron", "zone")}
    is_cron = typed["every"] == _CRON
    given = {
        "timezone": typed["zone"],
        "cron": typed["cron"] if is_cron else None,
        "every": None if is_cron else typed["every"],
        "at": None if is_cron else typed["at"] or None,
    }
    try:
        recurrence = Recurrence.model_validate(given)
    except ValidationError as error:
        faults = {
            fault.field.rpartition(".")[2]: sentence_of(fault) for fault in faults_of(error, given)
        }
        if "timezone" in faults:
            faults["zone"] = faults.pop("timezone")
        if not set(faults) & set(typed):
            faults = {"every": next(iter(faults.values()), "This is no schedule.")}
        return shown(runner, {"schedule": Typed(typed, faults)}, 400)
    set_schedule(services().store, runner, recurrence)
    flash("The schedule is saved.")
    return redirect(address(collection_id, runner.id, "schedule"))


@blueprint.post("/pause")
def pause(collection_id: int) -> ResponseReturnValue:
    """Start no further run until it goes on."""
    runner = own_runner(collection_id)
    services().store.schedules.pause(_own_schedule(collection_id).collection)
    flash("The schedule is paused. A run that is open goes on.")
    return back_to(runner)


@blueprint.post("/resume")
def resume(collection_id: int) -> ResponseReturnValue:
    """Go on with a schedule that was paused."""
    runner = own_runner(collection_id)
    go_on(services().store, _own_schedule(collection_id))
    flash("The schedule is resumed.")
    return back_to(runner)


@blueprint.post("/remove")
def remove(collection_id: int) -> ResponseReturnValue:
    """Remove the schedule; runs stay."""
    runner = own_runner(collection_id)
    services().store.schedules.remove(_own_schedule(collection_id).collection)
    flash("The schedule is removed. The runs stay.")
    return back_to(runner)


def _own_schedule(collection: int) -> Schedule:
    """The schedule of a collection that is known to be the reader's."""
    schedule = services().store.schedules.of(collection)
    if schedule is None:
        raise ApiError(404, "This collection has no schedule any more")
    return schedule
