"""Append files: appended data is readable at once, and uncommitted data can be rolled back."""

from pathlib import Path

import pytest

from category_crawler.errors import StorageFailed
from category_crawler.run.append_file import AppendFile
from tests.trouble import room_for


def test_what_is_not_certain_is_cut_off(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "a")
    file.append(b"one\n")
    file.commit()
    file.append(b"two\n")
    assert (file.path.read_bytes(), file.size) == (b"one\ntwo\n", 8)
    file.roll_back()
    file.append(b"three\n")
    file.close()
    assert file.path.read_bytes() == b"one\nthree\n"


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "a")
    with (
        room_for(10),
        pytest.raises(StorageFailed, match=r"^a of the run .*\(File too large\)"),
    ):
        file.append(b"more than ten bytes\n")
    file.roll_back()
    file.close()
    assert file.path.read_bytes() == b""


def test_a_copy_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "earlier").write_bytes(b"one\n")
    file = AppendFile(tmp_path / "a")
    file.append(b"left behind\n")
    file.copy(tmp_path / "earlier")
    file.append(b"two\n")
    file.close()
    assert file.path.read_bytes() == b"one\ntwo\n"
