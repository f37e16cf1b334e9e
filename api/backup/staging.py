"""Where a restore gathers the files: beside the places they go to, until all are there.

Until the mark is written nothing of the home is touched. From then on whoever starts anything over
this home moves the rest first, so a kill at any line leaves an empty home or a restored one.
"""

import logging
import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from api.backup.manifest import COOKIES, DATABASE, RESULTS, SETTINGS, WEBHOOK_SECRET
from category_crawler.files.atomic_write import sync_folder, write_whole
from category_crawler.files.home import (
    cookies_folder,
    home,
    results_folder,
    settings_file,
    var_folder,
)
from category_crawler.files.sole_holder import held_alone

logger = logging.getLogger(__name__)

_STAGE = ".restore"
_MARK = "complete"
_LOCAL = "local"


class RestoreGoesOn(Exception):
    """Raised while a restore of this home goes on."""

    def __init__(self) -> None:
        super().__init__(f"a backup is being restored to {home()}: wait until that has ended")


def staged(name: str) -> Path:
    """Where a file is gathered, by its name in the archive. The folders may be on several disks."""
    top, _, rest = name.partition("/")
    folders = {RESULTS: results_folder(), COOKIES: cookies_folder()}
    if top in folders:
        return folders[top] / _STAGE / rest
    return var_folder() / _STAGE / (rest or top)


def target_of(name: str) -> Path:
    """What is moved as one for a file: a user's results, a local run, a shop's sessions, a file."""
    top, *rest = name.split("/")
    if top == RESULTS:
        depth = 2 if rest[0] == _LOCAL else 1
        return results_folder().joinpath(*rest[:depth])
    if top == COOKIES:
        return cookies_folder() / rest[0]
    return settings_file() if name == SETTINGS else var_folder() / rest[0]


def alone() -> AbstractContextManager[None]:
    """Let nobody else restore, or begin anything over this home. Raises RestoreGoesOn."""
    return held_alone(var_folder() / "restore.lock", RestoreGoesOn)


def finish_restore() -> None:
    """Finish a restore that was killed; one that had not gathered everything is undone.

    Raises RestoreGoesOn, and OSError if the disk refuses.
    """
    if not any(os.path.lexists(stage) for stage in _stages()):
        return
    with alone():
        if (var_folder() / _STAGE / _MARK).exists():
            logger.warning("A restore of this home was cut off after all was read: it is finished")
            move_all()
        else:
            if any(path.is_file() for stage in _stages() for path in stage.rglob("*")):
                logger.warning(
                    "A restore of this home was cut off: nothing was restored, run it again"
                )
            clear()


def prepare() -> None:
    """Make the folders; from now on nothing else begins over this home. Raises OSError."""
    for folder in _stages():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def complete() -> None:
    """Note that all is there. A power cut cannot undo it."""
    # One call for thousands of files.
    os.sync()
    write_whole(var_folder() / _STAGE / _MARK, [b""])


def move_all() -> None:
    """Move what was gathered to its place, the database last. Raises OSError."""
    stage = var_folder() / _STAGE
    _move_folders(results_folder() / _STAGE / _LOCAL, results_folder() / _LOCAL)
    _move_folders(results_folder() / _STAGE, results_folder(), but=_LOCAL)
    _move_folders(cookies_folder() / _STAGE, cookies_folder())
    if (settings := stage / SETTINGS).exists():
        # The home may be on another disk than the services' own files.
        write_whole(settings_file(), [settings.read_bytes()], settings.stat().st_mode & 0o777)
        settings.unlink()
    _move_file(WEBHOOK_SECRET)
    for suffix in ("-wal", "-shm"):
        if staged(DATABASE).exists():
            target_of(DATABASE).with_name(f"{target_of(DATABASE).name}{suffix}").unlink(
                missing_ok=True
            )
    _move_file(DATABASE)
    sync_folder(var_folder())
    clear()


def clear() -> None:
    """Remove what was gathered and not moved. Raises OSError."""
    *others, own = _stages()
    inside = own.iterdir() if own.exists() else ()
    for path in (*others, *(path for path in inside if path.name != _MARK)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    # Last: without it, what is left would not have been restored.
    (own / _MARK).unlink(missing_ok=True)
    if own.exists():
        own.rmdir()


def _stages() -> tuple[Path, ...]:
    return tuple(top() / _STAGE for top in (results_folder, cookies_folder, var_folder))


def _move_file(name: str) -> None:
    if staged(name).exists():
        os.replace(staged(name), target_of(name))


def _move_folders(source: Path, target: Path, but: str = "") -> None:
    if not source.exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name != but:
            os.replace(path, target / path.name)
    sync_folder(target)
