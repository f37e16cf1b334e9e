"""Writes an archive of a home while everything runs: the database first, results after it.

Each file is copied to its length at that moment; the names of links follow their file. The manifest
comes first in the archive and is made last, so the rest is gathered in a file without a name.
"""

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

from api.backup.chosen import Choice, Found, files_of, own_files
from api.backup.manifest import DATABASE, MANIFEST, Entry, LeftOut, Manifest
from api.runners.attempts import folder_of, run_folder, run_name
from api.store import Store
from api.store.records import Runner
from category_crawler import __version__
from category_crawler.files.atomic_write import write_whole
from category_crawler.files.home import var_folder
from category_crawler.files.sole_holder import held_alone
from category_crawler.times import utc_now

_CHUNK = 1024 * 1024
_IN_MEMORY = 32 * _CHUNK
_LEVEL = 6
"""Of gzip, as the program of this name has it."""


class NotBackedUp(Exception):
    """Raised if no backup can be made; its text says why and what to do."""


def back_up(store: Store, target: Path, choice: Choice, *, overwrite: bool) -> Manifest:
    """Write an archive to a file that only its owner can read; it is there whole or not at all.

    Raises NotBackedUp, StoreError, and OSError if the disk refuses.
    """
    if os.path.lexists(target) and not overwrite:
        raise NotBackedUp(f"{target} is there already: name another file, or add --overwrite")
    with _alone() as folder, tempfile.TemporaryFile(dir=target.parent) as body:
        taken_at = utc_now()
        database = folder / "api.db"
        store.copy_to(database)
        with _archive(body, target.parent) as archive:
            left_out = _gather(archive, store, database, choice)
        manifest = Manifest(
            form=1,
            version=__version__,
            migrations=store.schema,
            taken_at=taken_at,
            results=choice.results,
            collections=sorted(choice.collections),
            left_out=[LeftOut(runner=one.id, progress=folder_of(one).progress) for one in left_out],
            numbers=store.last_numbers,
            files=archive.entries,
        )
        body.seek(0)
        write_whole(target, chain([_head(manifest)], _pieces(body)), 0o600)
    return manifest


@contextmanager
def _alone() -> Iterator[Path]:
    """A folder for the database's copy, empty, while no other backup is made."""
    folder = var_folder() / "backup"
    refusal = partial(NotBackedUp, "another backup is being made: wait until it has ended")
    with held_alone(var_folder() / "backup.lock", refusal):
        try:
            # One that was killed leaves its copy.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _gather(archive: "_Archive", store: Store, database: Path, choice: Choice) -> list[Runner]:
    """Add everything; return the runners whose files are there and not in the archive."""
    snapshot = Store(database)
    wanted, others = choice.runs(snapshot)
    history = [*choice.history(snapshot)]
    # This brings all of it into its one file.
    snapshot.close()
    archive.add_all([Found(DATABASE, database)])
    archive.add_all(own_files())
    for runner in wanted:
        archive.add_all(files_of(runner))
    archive.add_all(history)
    archive.add_all(choice.local())
    # A prune, or the deletion of a collection, may have taken files meanwhile.
    torn = [one for one in wanted if _is_removed(store, one)]
    archive.forget({run_name(one) for one in torn})
    return [one for one in others if os.path.lexists(run_folder(one))] + torn


def _is_removed(store: Store, runner: Runner) -> bool:
    now = store.runners.get(runner.id)
    return now is None or now.files_removed_at is not None


@contextmanager
def _archive(file: IO[bytes], folder: Path) -> Iterator["_Archive"]:
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield _Archive(tar, folder)


class _Archive:
    """A compressed tar file without its manifest."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self.entries: list[Entry] = []
        self._tar = tar
        self._folder = folder
        """For what does not fit into memory."""
        self._seen: dict[tuple[int, ...], Entry] = {}
        """Files with several names, by what a file is known by."""

    def add_all(self, files: Iterable[Found]) -> None:
        """Add files; one that is gone, or is a link or no file, is left out."""
        for found in files:
            with suppress(*_ABSENT), _opened(found.path) as file:
                self._add(found.name, file)

    def forget(self, runs: set[str]) -> None:
        """Let no file of some runs count, given by their names below ``results/``."""
        self.entries = [
            one for one in self.entries if "/".join(one.name.split("/")[1:4]) not in runs
        ]

    def _add(self, name: str, file: IO[bytes]) -> None:
        status = os.fstat(file.fileno())
        known_by = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        first = self._seen.get(known_by) if status.st_nlink > 1 else None
        info = tarfile.TarInfo(name)
        info.mtime, info.mode = int(status.st_mtime), stat.S_IMODE(status.st_mode)
        if first is not None:
            info.type, info.linkname = tarfile.LNKTYPE, first.name
            self._tar.addfile(info)
            self.entries.append(first.model_copy(update={"name": name}))
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self._folder)) as whole:
            # Who writes it may append to it, or cut it, at the same time.
            digest = _copy(file, whole, status.st_size)
            info.size = whole.tell()
            whole.seek(0)
            self._tar.addfile(info, whole)
        entry = Entry(name=name, bytes=info.size, sha256=digest)
        self.entries.append(entry)
        self._seen[known_by] = entry


class _NoFile(Exception):
    """Raised if a path leads to no file of the home's own."""


_ABSENT = (FileNotFoundError, NotADirectoryError, _NoFile)


def _opened(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise _NoFile from None
        raise error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _NoFile
    return os.fdopen(descriptor, "rb")


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> str:
    """Copy up to so many bytes; return their SHA-256."""
    digest = hashlib.sha256()
    while size and (piece := source.read(min(size, _CHUNK))):
        target.write(piece)
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


def _head(manifest: Manifest) -> bytes:
    """The first file of the archive, compressed by itself: what follows is added as it is."""
    content = manifest.model_dump_json().encode() + b"\n"
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + content + padding, _LEVEL)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, _CHUNK), b"")
