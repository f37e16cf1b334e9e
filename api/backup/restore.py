"""Puts an archive into an empty home, while nothing runs over it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from api.backup.manifest import DATABASE, SETTINGS, WEBHOOK_SECRET, Entry, Manifest
from api.backup.reader import Archive, NotReadable, opened
from api.backup.staging import alone, clear, complete, move_all, prepare, staged, target_of
from api.store import Store, StoreUnusable
from api.store.snapshot import join_log, settle_snapshot
from api.store.tables import unknown_migrations
from category_crawler.files.home import home, serve_lock, var_folder
from category_crawler.files.sole_holder import held_alone


class NotRestored(Exception):
    """Raised if nothing can be restored; its text says why and what to do."""


def restore(store: Store, file: Path) -> Manifest:
    """Restore an archive, and return what it says of itself.

    Everything is read and checked before anything of the home is touched. ``store`` is closed.
    Raises NotRestored, RestoreGoesOn, StoreError, and OSError if the disk refuses.
    """
    with _stopped(), alone(), _readable(file) as archive:
        manifest = archive.manifest
        _check(store, manifest, file)
        try:
            prepare()
            _release(store)
            archive.unpack(staged)
            gone = {one.runner: one.progress for one in manifest.left_out}
            settle_snapshot(
                staged(DATABASE), manifest.numbers, gone, manifest.taken_at, manifest.rule
            )
            complete()
        except BaseException:
            clear()
            raise
        _move()
    return manifest


def _move() -> None:
    try:
        move_all()
    except OSError as error:
        raise NotRestored(
            f"all was read, but {error.filename} could not be moved to its place "
            f"({error.strerror}): see to that, and start anything over this home to finish it"
        ) from None


def _stopped() -> AbstractContextManager[None]:
    """Keep the service from being started. Raises NotRestored while it runs."""
    return held_alone(
        serve_lock(), lambda: NotRestored(f"the home {home()} is being served: stop that first")
    )


@contextmanager
def _readable(file: Path) -> Iterator[Archive]:
    try:
        with opened(file) as archive:
            yield archive
    except NotReadable as error:
        raise NotRestored(f"{error}: nothing was restored") from None
    except FileNotFoundError:
        raise NotRestored(f"there is no file {file}") from None


def _check(store: Store, manifest: Manifest, file: Path) -> None:
    """Raise NotRestored unless the archive can be used here and the home is empty."""
    if newer := unknown_migrations(manifest.migrations):
        raise NotRestored(
            f"{file} is of version {manifest.version}, whose database is newer than this version "
            f"knows ({newer[-1]}): restore it with that version"
        )
    if store.users.is_any():
        raise NotRestored(
            f"the home {home()} has users already: name an empty one with CATEGORY_CRAWLER_HOME, "
            "or stop everything and move its var, results, cookies and settings.toml away"
        )
    if there := sorted(target_of(one.name) for one in manifest.files if _is_in_the_way(one)):
        raise NotRestored(f"{there[0]} is there already, and in {file} too: move it away first")


def _is_in_the_way(entry: Entry) -> bool:
    """Whether something else is where a file goes; a database without a user is nothing."""
    if entry.name in (DATABASE, WEBHOOK_SECRET):
        return False
    target = target_of(entry.name)
    if entry.name == SETTINGS and target.is_file():
        return hashlib.sha256(target.read_bytes()).hexdigest() != entry.sha256
    return os.path.lexists(target)


def _release(store: Store) -> None:
    """Close the home's own database, which is empty. Raises NotRestored if others have it open."""
    store.close()
    try:
        join_log(var_folder() / "api.db")
    except StoreUnusable:
        raise NotRestored(
            f"another process has the database of {home()} open: stop the API and the watcher"
        ) from None
