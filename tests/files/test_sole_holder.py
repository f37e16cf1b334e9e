"""The lock that one process holds at a time."""

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from category_crawler.files.sole_holder import held_alone


class Refused(Exception):
    """Raised to the second."""


def test_the_second_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        held_alone(path, Refused),
        pytest.raises(Refused),
        held_alone(path, Refused),
    ):
        raise AssertionError("two hold it")
    with held_alone(path, Refused):
        pass


def test_what_its_holder_raises_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(Timeout), held_alone(tmp_path / "lock", Refused):
        raise Timeout("another lock")
    FileLock(tmp_path / "lock").acquire(timeout=0)
