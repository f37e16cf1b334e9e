"""Notes of cancelled jobs, each written before the job's process gets the signal.

A process cancelled in its first second, or a job removed from the queue, writes no summary. Without
the note such a job would look crashed and be started again.
"""

import os
import re
from pathlib import Path

from category_crawler.files.home import var_folder
from category_crawler.files.record_file import set_aside

_JOB = re.compile(r"[rz]\d+-\d+", re.ASCII)


def note_cancelled(job: str) -> None:
    """Write the note; ignore job names that are not ours. Raises OSError."""
    if not _JOB.fullmatch(job):
        return
    folder = _folder()
    if os.path.lexists(folder) and not folder.is_dir():
        set_aside(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(folder / job) and not was_cancelled(job):
        set_aside(folder / job)
    (folder / job).touch()


def was_cancelled(job: str) -> bool:
    """Whether the job has a note."""
    return (_folder() / job).is_file()


def forget_cancelled(job: str) -> None:
    """Remove the note, once the job's result is recorded."""
    if was_cancelled(job):
        (_folder() / job).unlink(missing_ok=True)


def _folder() -> Path:
    return var_folder() / "cancelled"
