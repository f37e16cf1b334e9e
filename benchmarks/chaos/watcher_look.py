"""``python -m benchmarks.chaos.watcher_look NUMBER``: how long a watcher's looks take, in seconds.

In a process of its own over the home that its environment names. The first look, in which a watcher
fills its memory, is not counted.
"""

import json
import sys
import time

from api.config import Settings
from api.runners.watch import Watcher
from api.services import Services

if __name__ == "__main__":
    watcher = Watcher(Services.make(Settings.load()).jobs)
    taken = []
    for _ in range(int(sys.argv[1]) + 1):
        began = time.perf_counter()
        watcher.refresh_all()
        taken.append(time.perf_counter() - began)
    print(json.dumps(taken[1:]))
