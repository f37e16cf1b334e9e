"""Deletes a collection: first its records, at once and for everyone; then its files.

From the transaction that deletes the records on, the collection does not exist for anybody. The
same transaction notes that the files are to go, so a kill in between leaves nothing behind: the
watcher removes the rest. The note stays for a while, because a watcher that was adding the last run
to the history at that moment may still write into the folder.
"""

import logging
import os
import shutil

from api.runners.removal import remove_logs_and_tables
from api.store import Store
from api.store.records import Runner
from api.store.removals import Removal
from category_crawler.files.home import results_folder
from category_crawler.times import seconds_since

logger = logging.getLogger(__name__)

_WRITERS_ARE_GONE_AFTER = 600
"""Seconds after which nobody writes to the folder of a deleted collection any more."""
_MOST = 100


class NotDeletable(Exception):
    """Raised if a collection or a user cannot be deleted now; its text says why and what to do."""


class RunOpen(NotDeletable):
    """Raised because a run of the collection is open."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(
            f"Runner {runner.id} of collection {runner.collection.id} is {runner.stage}: cancel it "
            "first, or wait until it has ended"
        )
        self.runner = runner


class SpiderEnding(NotDeletable):
    """Raised because the spider of a cancelled run is still there."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(
            f"The spider of collection {runner.collection.id} is still ending: try again in some "
            "seconds"
        )
        self.runner = runner


def delete(store: Store, newest: Runner) -> None:
    """Delete a collection with its runs, files, history, schedule and alerts.

    What it has cost stays used. Raises NotDeletable while a run is open, or its spider is ending.
    """
    collection = newest.collection
    if not store.runners.delete_collection(collection.user, collection.id):
        now = store.runners.get(newest.id) or newest
        raise SpiderEnding(now) if now.is_stopping else RunOpen(now)
    removal = store.removals.of(collection.id)
    if removal is not None:
        _try_to_remove(removal)


def finish_deletions(store: Store) -> None:
    """Remove what is left of collections that were deleted."""
    for removal in store.removals.all(_MOST):
        is_gone = _try_to_remove(removal)
        age = seconds_since(removal.created_at)
        # A clock that was set back makes the age negative.
        if is_gone and not 0 <= age < _WRITERS_ARE_GONE_AFTER:
            store.removals.settle(removal.collection)


def _try_to_remove(removal: Removal) -> bool:
    """Remove the files of a deleted collection; False if one cannot be, which is logged."""
    folder = results_folder() / str(removal.user) / str(removal.collection)
    try:
        if os.path.lexists(folder):
            shutil.rmtree(folder)
        remove_logs_and_tables(removal.runners)
    except OSError as error:
        logger.error("%s could not be removed: %s", error.filename, error.strerror)
        return False
    return True
