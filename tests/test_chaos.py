"""A short form of every trial of ``make chaos``, run by its own command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT

_SECONDS = 300
TRIALS = (
    *("spider", "services", "cancel", "trouble", "captcha", "machine", "rush"),
    "restores",
    *("nodes", "engine", "absences", "cancels", "answers", "silences", "queue", "exits"),
    "upgrade",
)


def chaos(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "benchmarks.chaos", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


@pytest.mark.parametrize("trial", TRIALS)
def test_nothing_is_lost(trial: str) -> None:
    ended = chaos(trial, "--short")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_trial_has_a_short_form() -> None:
    assert chaos("--list").stdout.split() == [*TRIALS]


def test_a_clusters_locks_are_useless_on_shared_files_only(tmp_path: Path) -> None:
    lock_twice = (
        "import fcntl, sys\n"
        "files = [open(sys.argv[1], 'a') for _ in range(2)]\n"
        "for file in files: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    )
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT / "benchmarks" / "chaos" / "useless_locks"),
        "CATEGORY_CRAWLER_HOME": str(tmp_path),
        "CATEGORY_CRAWLER_VAR": str(tmp_path / "var"),
    }
    (tmp_path / "var").mkdir()

    def ends_well(path: Path) -> bool:
        command = [sys.executable, "-c", lock_twice, str(path)]
        ended = subprocess.run(command, env=environment, capture_output=True, check=False)
        return ended.returncode == 0

    assert ends_well(tmp_path / "shared")
    assert not ends_well(tmp_path / "var" / "own")
