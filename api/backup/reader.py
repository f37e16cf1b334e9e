"""Reads an archive, and checks that every byte is as it was written."""

import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from api.backup.manifest import MANIFEST, Entry, Manifest
from category_crawler.files.atomic_write import link

_CHUNK = 1024 * 1024
_LARGEST_MANIFEST = 1024 * _CHUNK


class NotReadable(Exception):
    """Raised if a file is no whole archive; its text says why."""


@contextmanager
def opened(path: Path) -> Iterator["Archive"]:
    """An archive for reading. Raises NotReadable, and OSError if there is no such file."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            yield Archive(path, tar)
    except (tarfile.TarError, BadGzipFile, EOFError, zlib.error) as error:
        raise NotReadable(f"{path} is torn, or no backup ({error})") from None


class Archive:
    """An archive that is read once, from its beginning to its end."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path = path
        self._tar = tar
        self.manifest = self._manifest()

    def unpack(self, place: Callable[[str], Path]) -> None:
        """Write each file of the manifest to a path that ``place`` gives for its name.

        None of the paths may be there. Raises NotReadable if the archive is not what its manifest
        says, and OSError if the disk refuses.
        """
        expected = {entry.name: entry for entry in self.manifest.files}
        written: dict[str, Path] = {}
        for member in self._tar:
            entry = expected.get(member.name)
            # What is not in the manifest was removed while the archive was made.
            if entry is None or entry.name in written:
                continue
            path = place(entry.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if member.islnk() and member.linkname in written:
                first = expected[member.linkname]
                self._check(entry, first.bytes, first.sha256)
                link(written[member.linkname], path)
            else:
                self._write(member, entry, path)
            written[entry.name] = path
        if missing := expected.keys() - written.keys():
            raise NotReadable(f"{self._path} is torn: {min(missing)} is not in it")

    def _manifest(self) -> Manifest:
        first = self._tar.next()
        if first is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
            raise NotReadable(f"{self._path} is no backup: it does not begin with {MANIFEST}")
        file = self._tar.extractfile(first)
        assert file is not None
        try:
            return Manifest.model_validate_json(file.read())
        except ValidationError as error:
            told = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, told["loc"]))
            raise NotReadable(
                f"{self._path} was changed, or is of another version: {MANIFEST} says something "
                f"wrong at {where} ({told['msg']})"
            ) from None

    def _write(self, member: tarfile.TarInfo, entry: Entry, path: Path) -> None:
        source = self._tar.extractfile(member) if member.isreg() else None
        if source is None:
            raise NotReadable(f"{self._path} was changed: {entry.name} is no file in it")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            size, digest = _copied(source, target)
            os.fchmod(target.fileno(), member.mode & 0o777)
        self._check(entry, size, digest)
        # Some times say since when a run has been silent.
        os.utime(path, (member.mtime, member.mtime))

    def _check(self, entry: Entry, size: int, digest: str) -> None:
        if (size, digest) != (entry.bytes, entry.sha256):
            raise NotReadable(f"{self._path} was changed, or is damaged: {entry.name} is another")


def _copied(source: IO[bytes], target: IO[bytes]) -> tuple[int, str]:
    """Copy everything; return its bytes and SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_CHUNK):
        target.write(piece)
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()
