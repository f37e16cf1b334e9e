"""A home that is backed up, and an empty one to which its backup is restored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.backup.chosen import Choice
from api.backup.manifest import Manifest, Results
from api.backup.writer import back_up
from api.store import Store
from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in


def fill(store: Store, user: int) -> None:
    """Give a home what it has besides users and runs."""
    secret_in(var_folder() / "webhook.secret")
    local = var_folder().parent / "results" / "local" / "here-1"
    local.mkdir(parents=True)
    (local / "summary.json").write_text("{}")
    store.links.add("0" * 64, user, "2100-01-01T00:00:00Z")
    store.users.add_token(user, "1" * 64, "2100-01-01T00:00:00Z")


def backup(
    store: Store, file: Path, results: Results = Results.ALL, collections: tuple[int, ...] = ()
) -> Manifest:
    """Back a home up to a new file."""
    return back_up(store, file, Choice(results, collections), overwrite=False)


@contextmanager
def empty_home(folder: Path) -> Iterator[Store]:
    """Make a folder the home, and open its database, which is new."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CATEGORY_CRAWLER_HOME", str(folder))
        (folder / "var").mkdir(parents=True)
        store = Store(var_folder() / "api.db")
        try:
            yield store
        finally:
            store.close()


def files_in(home: Path) -> dict[str, bytes]:
    """What a backup takes of a home besides the database, without what a restore gathers."""
    paths = [home / "settings.toml", home / "var" / "webhook.secret"]
    for top in ("results", "cookies"):
        paths += (home / top).rglob("*")
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and ".restore" not in path.parts
    }


def remove(home: Path) -> None:
    """Remove a home, so that the next one can be made there."""
    shutil.rmtree(home)
