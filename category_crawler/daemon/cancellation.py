"""Notes of cancelled jobs, each written before the job's process gets the signal.

A cancel takes time, and each process may die on the way. So each remembers one thing, for as long
as it needs it:

* **The API**, in SQLite: that the runner is cancelled, for ever; and ``is_stopping``, until its job
  has gone. Until then the watcher repeats SIGINT, and after the grace time it sends SIGKILL.
* **Scrapyd**, in the note here, until the API has recorded what became of the job: that somebody
  told it to cancel. Only Scrapyd knows of a cancel on its console, and a job taken off the queue,
  or a process cancelled in its first second, writes no summary. Without the note such a job would
  look crashed and be started again.
* **The spider**, as its first error, and then in its ``summary.json``: that it was cancelled. It
  ignores every further SIGINT, so nobody has to remember having sent one.

``docs/architecture.md`` draws it.
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
