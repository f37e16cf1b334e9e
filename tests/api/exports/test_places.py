"""A folder has a copy whole or not at all."""

import os
from pathlib import Path

import pytest

from api.exports.places import Bucket, Folder, NotStored, place_of

NAME = "1/2/3/lamps.json"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"[" + b" " * 3_000_000 + b"]")
    return path


def test_a_folder_takes_a_copy_in_the_place_of_an_earlier_one(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    place = place_of(f"file://{folder}")
    assert place.url(NAME) == f"file://{folder}/{NAME}"
    for content in (b"[1]", source.read_bytes()):
        source.write_bytes(content)
        place.put(source, NAME)
        assert (folder / NAME).read_bytes() == content


def test_what_a_kill_has_left_goes(tmp_path: Path, source: Path) -> None:
    left = tmp_path / "1/2/3/.lamps.json.abc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"[")
    other = left.with_name(".lamps.parquet.abc")
    other.touch()
    Folder(tmp_path).put(source, NAME)
    assert {path.name for path in left.parent.iterdir()} == {"lamps.json", other.name}


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, source: Path) -> None:
    """It may be the place of a disk that is not mounted."""
    with pytest.raises(NotStored, match="is not there"):
        Folder(tmp_path / "disk").put(source, NAME)
    assert not (tmp_path / "disk").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_earlier_copy(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Folder(tmp_path).put(source, NAME)
    before = (tmp_path / NAME).read_bytes()
    full = os.open("/dev/full", os.O_WRONLY)
    fsync = os.fsync

    def sync_to_a_full_disk(descriptor: int) -> None:
        os.write(full, b".")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_to_a_full_disk)
    source.write_bytes(b"[2]")
    with pytest.raises(NotStored, match=r"has not taken it \(No space left on device\)"):
        Folder(tmp_path).put(source, NAME)
    os.close(full)
    assert (tmp_path / NAME).read_bytes() == before
    assert [path.name for path in (tmp_path / NAME).parent.iterdir()] == ["lamps.json"]


def test_a_file_that_is_not_there_is_no_fault_of_the_place(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Folder(tmp_path).put(tmp_path / "none", NAME)


def test_a_copy_of_another_size_is_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bucket, "_stored", lambda *_: 3)
    with pytest.raises(NotStored, match="The store has 3 bytes of 3000002"):
        place_of("s3://bucket").put(source, NAME)
