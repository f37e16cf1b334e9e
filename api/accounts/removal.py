"""Removes a user with everything that belongs to that user."""

from api.delivery_sessions import Sessions
from api.runners.deletion import NotDeletable, delete
from api.store import Store
from api.store.records import User


def remove_user(store: Store, sessions: Sessions, user: User) -> None:
    """Remove a disabled user: collections with their runs and files, postcodes, keys, the account.

    One after the other: a kill in between leaves a disabled user who has less, and another call
    removes the rest. Raises NotDeletable for a user who is not disabled, and while a run is open.
    """
    if store.users.is_active(user.id):
        raise NotDeletable(f"{user.email} is not disabled: disable that user first")
    for collection in store.runners.collections(user.id):
        newest = store.runners.newest(user.id, collection.id)
        if newest is not None:
            delete(store, newest)
    for zipcode in store.sessions.zipcodes(user.id):
        sessions.delete(zipcode)
    if not store.users.remove(user.id):
        raise NotDeletable(f"{user.email} has begun something new: try again")
