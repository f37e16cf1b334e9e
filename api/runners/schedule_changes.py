"""Changes of a collection's schedule, as its owner asks for them."""

from datetime import UTC, datetime

from api.runners.recurrence import Recurrence
from api.runners.repeats import check_not_cancelled
from api.store import Store
from api.store.records import Runner
from api.store.schedules import Schedule


def set_schedule(store: Store, newest: Runner, recurrence: Recurrence | None) -> None:
    """Give a collection a schedule, change the one that it has, or remove it with None.

    Raises NotRepeatable if its newest runner was cancelled.
    """
    collection = newest.collection
    if recurrence is None:
        store.schedules.remove(collection.id)
    else:
        check_not_cancelled(newest)
        plan = recurrence.plan(datetime.now(UTC))
        store.schedules.put(collection.user, collection.id, plan)


def go_on(store: Store, schedule: Schedule) -> None:
    """Go on with a schedule that was paused, from its next time on. Raises InvalidRecurrence."""
    plan = Recurrence.read(schedule.recurrence).plan(datetime.now(UTC))
    store.schedules.resume(schedule.collection, schedule.version, plan.next_run_at)
