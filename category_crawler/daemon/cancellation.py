"""That a job was cancelled, by the API or on Scrapyd's console, noted before its process hears it.

A process that is cancelled in its first second dies without a word, and a job taken off the queue
leaves none either: without the note either would look like one to be started again.
"""

import os
import re
from pathlib import Path

from category_crawler.files.home import var_folder
from category_crawler.files.record_file import set_aside

_JOB = re.compile(r"[rz]\d+-\d+", re.ASCII)


def note_cancelled(job: str) -> None:
    """Note it; of a name that is none of ours, nothing. Raises OSError."""
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
    """Whether it has been noted."""
    return (_folder() / job).is_file()


def forget_cancelled(job: str) -> None:
    """Remove the note, once what became of the job is recorded."""
    if was_cancelled(job):
        (_folder() / job).unlink(missing_ok=True)


def _folder() -> Path:
    return var_folder() / "cancelled"
