"""A short form of every trial of ``make chaos``, run by its own command."""

import subprocess
import sys

import pytest

from category_crawler.files.home import PROJECT

_SECONDS = 300
TRIALS = (
    *("spider", "services", "cancel", "trouble", "captcha", "machine", "rush"),
    *("nodes", "engine", "absences", "cancels", "answers", "silences", "queue", "exits"),
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
