"""Notes of cancelled jobs, each written before the job's process gets the signal.

A cancel takes time, and each process may die on the way. So each remembers one thing, for as long
as it needs it:

* **The API**, in SQLite: that the runner is cancelled, for ever; and ``is_stopping``, until its job
  has gone. Until then the watcher repeats SIGINT, and after the grace time it sends SIGKILL.
* **Scrapyd**, in the note here, a file in the folder of the attempt, for as long as that is kept:
  that somebody told it to cancel. Only Scrapyd knows of a cancel on its console, and a job taken
  off the queue, or a process cancelled in its first second, writes no summary. Without the note
  such a job would look crashed and be started again.
* **The spider**, as its first error, and then in its ``summary.json``: that it was cancelled. It
  ignores every further SIGINT, so nobody has to remember having sent one.

``docs/architecture.md`` draws it.
"""

import os
from pathlib import Path

from category_crawler.files.home import results_folder
from category_crawler.files.record_file import set_aside

_NOTE = "cancelled"


def note_cancelled(run: str) -> None:
    """Write the note of a job into the folder of its run below ``results/``. Raises OSError."""
    folder = results_folder() / run
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(folder / _NOTE) and not was_cancelled(folder):
        set_aside(folder / _NOTE)
    (folder / _NOTE).touch()


def was_cancelled(folder: Path) -> bool:
    """Whether the folder of a run holds the note."""
    return (folder / _NOTE).is_file()
