"""That a job was cancelled, by the API or on Scrapyd's console, noted before its process hears it.

A process that is cancelled in its first second dies without a word, and a job taken off the queue
leaves none either: without the note either would look like one to be started again.
"""

import re
from pathlib import Path

from category_crawler.home import var_folder

_JOB = re.compile(r"[rz]\d+-\d+", re.ASCII)


def note_cancelled(job: str) -> None:
    """Note it; of a name that is none of ours, nothing."""
    if _JOB.fullmatch(job):
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / job).touch()


def was_cancelled(job: str) -> bool:
    """Whether it has been noted."""
    return (_folder() / job).exists()


def forget_cancelled(job: str) -> None:
    """Remove the note, once what became of the job is recorded."""
    (_folder() / job).unlink(missing_ok=True)


def _folder() -> Path:
    return var_folder() / "cancelled"
