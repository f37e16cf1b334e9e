"""Further runs of a collection: rerun, update_, pause_, resume_ and delete_schedule."""

from typing import Any

from flask import Blueprint

from api.rest.idempotency import once
from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.rest.recurring_schemas import Scheduled, ScheduleDeleted
from api.rest.schemas import Added, CollectionId, UpdateSchedule
from api.routes.category import added
from api.runners.schedule_changes import go_on, set_schedule
from api.runners.schedule_report import schedule_report
from api.services import services
from api.store.schedules import Schedule

blueprint = Blueprint("recurring", __name__, url_prefix="/schedules/amazon/category")


@operation(
    blueprint,
    "/rerun/",
    body=CollectionId,
    data=Added,
    errors=(402, 404, 409, 502, 503),
    idempotent=True,
)
def rerun(body: CollectionId) -> dict[str, Any]:
    """Crawl the category of a collection again.

    Makes a new runner, as add_schedule did the first. It is refused with 409 while the newest
    runner is open, and if that one was cancelled.
    """
    key = once()
    return added(services().repeats.rerun(own_runner(body.collection_id), key))


@operation(blueprint, "/update_schedule/", body=UpdateSchedule, data=Scheduled, errors=(404, 409))
def update_schedule(body: UpdateSchedule) -> dict[str, Any]:
    """Set, change or remove the schedule by which a collection is crawled again.

    `schedule` null removes it. Runs are started by themselves when they are due. One that is due
    while another of the collection is open is left out and counted in `skipped_runs`; after a
    standstill of the service one run makes up for all that were due. A schedule that is paused
    stays so. It is refused with 409 if the newest run was cancelled.
    """
    newest = own_runner(body.collection_id)
    set_schedule(services().store, newest, body.schedule)
    return _shown(newest.collection.id)


@operation(blueprint, "/pause_schedule/", body=CollectionId, data=Scheduled, errors=(404,))
def pause_schedule(body: CollectionId) -> dict[str, Any]:
    """Start no further run of a collection until resume_schedule.

    A run that is open goes on.
    """
    schedule = _own_schedule(body)
    services().store.schedules.pause(schedule.collection)
    return _shown(schedule.collection)


@operation(blueprint, "/resume_schedule/", body=CollectionId, data=Scheduled, errors=(404,))
def resume_schedule(body: CollectionId) -> dict[str, Any]:
    """Go on with a schedule that was paused, from its next time on.

    Runs that would have been due meanwhile are not made up for.
    """
    schedule = _own_schedule(body)
    go_on(services().store, schedule)
    return _shown(schedule.collection)


@operation(blueprint, "/delete_schedule/", body=CollectionId, data=ScheduleDeleted, errors=(404,))
def delete_schedule(body: CollectionId) -> dict[str, Any]:
    """Remove the schedule of a collection; its runs stay, and one that is open goes on."""
    schedule = _own_schedule(body)
    services().store.schedules.remove(schedule.collection)
    return {"id": schedule.collection, "deleted": True}


def _own_schedule(body: CollectionId) -> Schedule:
    collection = own_runner(body.collection_id).collection.id
    schedule = services().store.schedules.of(collection)
    if schedule is None:
        raise ApiError(
            404, f"Collection {collection} has no schedule: update_schedule gives it one"
        )
    return schedule


def _shown(collection: int) -> dict[str, Any]:
    schedule = services().store.schedules.of(collection)
    return {"id": collection, "schedule": schedule_report(schedule)}
