"""Removes a user with everything that belongs to that user."""

import time
from dataclasses import dataclass

from api.delivery_sessions import Sessions
from api.runners.deletion import NotDeletable, SpiderEnding, delete
from api.runners.lifecycle import Jobs
from api.store import Store
from api.store.records import Runner, User

_PAUSE_SECONDS = 0.5
_ENDING_SECONDS = 15
"""Beyond the grace time of a cancel."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed with a user."""

    collections: int
    runs: int
    postcodes: int

    def __str__(self) -> str:
        kinds = (
            (self.collections, "collection"),
            (self.runs, "run"),
            (self.postcodes, "postcode"),
        )
        return ", ".join(f"{number:,} {one if number == 1 else one + 's'}" for number, one in kinds)


def remove_user(store: Store, sessions: Sessions, user: User) -> Removed:
    """Remove a disabled user: collections with their runs and files, postcodes, keys, the account.

    One after the other: a kill in between leaves a disabled user who has less, and another call
    removes the rest. Raises NotDeletable for a user who is not disabled, and while a run is open.
    """
    if store.users.is_active(user.id):
        raise NotDeletable(f"{user.email} is not disabled: disable that user first")
    newest = _newest(store, user)
    runs = sum(store.runners.number_of(one.collection.id) for one in newest)
    for runner in newest:
        delete(store, runner)
    zipcodes = store.sessions.zipcodes(user.id)
    for zipcode in zipcodes:
        sessions.delete(zipcode)
    if not store.users.remove(user.id):
        raise NotDeletable(f"{user.email} has begun something new: try again")
    return Removed(len(newest), runs, len(zipcodes))


def cancel_runs(jobs: Jobs, user: User) -> int:
    """Cancel a user's open runs, and wait until their spiders have gone; how many there were.

    Raises SpiderEnding for one that is still there some seconds after its grace time.
    """
    cancelled = [one for one in _newest(jobs.store, user) if not one.has_ended]
    for runner in cancelled:
        jobs.cancel(runner)
    deadline = time.monotonic() + jobs.settings.cancel_grace + _ENDING_SECONDS
    while stopping := [one for one in _newest(jobs.store, user) if one.is_stopping]:
        if time.monotonic() > deadline:
            raise SpiderEnding(stopping[0])
        for runner in stopping:
            jobs.finish_cancel(runner)
        time.sleep(_PAUSE_SECONDS)
    return len(cancelled)


def _newest(store: Store, user: User) -> list[Runner]:
    """The newest run of each of a user's collections."""
    found = (store.runners.newest(user.id, one.id) for one in store.runners.collections(user.id))
    return [one for one in found if one is not None]
