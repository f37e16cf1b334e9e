"""``python -m tests.api.backup.dying_restore FILE NUMBER``: restore, killed at one of its steps.

A step is a change of the disk, before it is made. Exits with 0 if there were fewer steps.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from api.backup.restore import restore
from api.backup.staging import finish_restore
from api.store import Store
from category_crawler.files.home import home, var_folder

_CHANGES = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.utime")


def main(file: str, last: int) -> None:
    """Restore as the command does, and die before the step of this number."""
    steps = count(1)
    ours = str(home())

    def look(event: str, values: tuple[object, ...]) -> None:
        if event in _CHANGES and str(values[0]).startswith(ours) and next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    finish_restore()
    store = Store(var_folder() / "api.db")
    sys.addaudithook(look)
    restore(store, Path(file))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
