"""Tells why the rows of an ended run are not there any more."""

from api.store.records import Runner


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
