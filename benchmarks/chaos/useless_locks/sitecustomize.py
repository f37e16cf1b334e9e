"""Makes locks on shared files useless, as on a file system that keeps them to each machine.

Python imports it in every process whose ``PYTHONPATH`` names this folder. A lock on a file of the
home is always given; a node's own files, below ``CATEGORY_CRAWLER_VAR``, are locked as ever.
"""

import fcntl
import os
from pathlib import Path
from typing import Any

_lock = fcntl.flock


def _lock_own(file: Any, operation: int) -> None:
    number = file if isinstance(file, int) else file.fileno()
    path = Path(f"/proc/self/fd/{number}").readlink()
    shared, own = (os.environ[f"CATEGORY_CRAWLER_{name}"] for name in ("HOME", "VAR"))
    if path.is_relative_to(own) or not path.is_relative_to(shared):
        _lock(file, operation)


if "CATEGORY_CRAWLER_VAR" in os.environ:
    fcntl.flock = _lock_own
