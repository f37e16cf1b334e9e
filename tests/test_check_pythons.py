"""``make check-pythons``: which Pythons it tries, and what it says about the others."""

import subprocess
import sys
from pathlib import Path

from category_crawler.files.home import PROJECT

OWN = ".".join(map(str, sys.version_info[:3]))


def check(*pythons: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "scripts/check_pythons.py", *pythons],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def stand_in(folder: Path, version: str) -> str:
    path = folder / version
    path.write_text(f"#!/bin/sh\necho Python {version}\n")
    path.chmod(0o755)
    return str(path)


def test_the_python_of_the_tests_is_not_tried_twice() -> None:
    assert check(sys.executable, sys.executable) == (0, f"Python {OWN}: .venv has it.\n")


def test_old_unreleased_and_absent_ones_are_left_out(tmp_path: Path) -> None:
    asked = [stand_in(tmp_path, version) for version in ("3.10.12", "3.99.0rc1")]
    asked.append(str(tmp_path / "absent"))
    assert check(*asked) == (0, f"No Python 3.11 or newer: {' '.join(asked)}\n")


def test_what_fails_is_shown_with_its_words(tmp_path: Path) -> None:
    """This Python reports a version that is new enough, and fails at everything else."""
    path = stand_in(tmp_path, "3.99.0")
    code, said = check(path)
    assert code == 1
    assert said.splitlines()[-1] == f"Python 3.99.0 ({path}): scripts/install failed; see above."
    assert "3.99" in said.splitlines()[0]
