"""The folders of attempts: each attempt at a run of the API writes into one of its own.

``results/<user>/<collection>/<runner>/attempts/<number>/`` holds one attempt. The next one begins
with a copy of what it has finished, and nobody reads the earlier folder from then on. So a spider
that was given up and lives on, frozen or cut off, can spoil nothing, and no lock has to work across
machines. A run that was started by hand writes into its own folder.
"""

from pathlib import Path

_ATTEMPTS = "attempts"


def attempts_in(run: Path) -> Path:
    """The folder of a run's attempts."""
    return run / _ATTEMPTS


def attempt_name(run: str, number: int) -> str:
    """The name of an attempt's folder below ``results/``, where ``run`` is that of its run."""
    return f"{run}/{_ATTEMPTS}/{number}"


def run_path(folder: Path) -> Path:
    """The folder of the run that an attempt's folder belongs to; any other is a run's own."""
    return folder.parent.parent if folder.parent.name == _ATTEMPTS else folder
