"""Changes of a collection's schedule, as its owner asks for them."""

from datetime import UTC, datetime

from api.runners.recurrence import Recurrence
from api.store import Store
from api.store.schedules import Schedule


def set_schedule(store: Store, user: int, collection: int, recurrence: Recurrence | None) -> None:
    """Give a collection a schedule, change the one that it has, or remove it with None."""
    if recurrence is None:
        store.schedules.remove(collection)
    else:
        store.schedules.put(user, collection, recurrence.plan(datetime.now(UTC)))


def go_on(store: Store, schedule: Schedule) -> None:
    """Go on with a schedule that was paused, from its next time on. Raises InvalidRecurrence."""
    plan = Recurrence.read(schedule.recurrence).plan(datetime.now(UTC))
    store.schedules.resume(schedule.collection, schedule.version, plan.next_run_at)
