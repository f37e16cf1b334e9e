"""The files of runners that are removed: which they are, and why rows are not there any more."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from api.store.records import Runner
from category_crawler.daemon.address import PROJECT
from category_crawler.files.home import logs_folder, var_folder


def why_gone(runner: Runner) -> str:
    """When and by which rule the files of a runner were removed, or that no one has recorded it."""
    if runner.files_removed_at is None:
        return (
            f"The rows of runner {runner.id} are missing or damaged on the server, and no removal "
            "is recorded: ask its operator"
        )
    return (
        f"The files of runner {runner.id} were removed at {runner.files_removed_at} by "
        f"{runner.files_removed_by}"
    )


def remove_logs_and_tables(runners: Iterable[int]) -> None:
    """Remove the logs of some runners and the tables that were made of them. Raises OSError."""
    files = files_of_runners()
    for runner in runners:
        for path in files.get(runner, ()):
            path.unlink(missing_ok=True)


def files_of_runners() -> Mapping[int, list[Path]]:
    """Logs and downloads by the number of their runner."""
    logs = (logs_folder() / PROJECT).glob("*/r*-*.log")
    found: defaultdict[int, list[Path]] = defaultdict(list)
    for path in chain(logs, (var_folder() / "downloads").glob("*-*.*")):
        number = path.name.removeprefix("r").partition("-")[0]
        if number.isascii() and number.isdigit():
            found[int(number)].append(path)
    return found
