"""Homes backed up while spiders write, and restored by a command that is killed again and again."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from api.runners.attempts import run_name
from api.store import Store
from api.store.records import Runner
from benchmarks.chaos.installation import tried
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.client import Ordered
from benchmarks.installation import PAGE_SIZE, USER, Installation
from category_crawler.files.home import PROJECT
from category_crawler.run.attempt_folder import attempt_name
from category_crawler.run.reader import RunFolder
from tests.api.backup.homes import files_in
from tests.crawls import Home
from tests.waiting import until

_KILLS = 4
_LATENCY = 0.3
"""Seconds that the shop takes for a page."""
_LAST_STEP = 70
_SECONDS = 120


def _work(outcome: Outcome, times: int, chance: random.Random, pages: int = 30) -> None:
    """Back up while two runs are open, restore, and continue what was open."""
    with (
        tried(outcome, pages=pages, latency=_LATENCY) as here,
        tempfile.TemporaryDirectory() as name,
    ):
        here.set_pages_in_flight(1)
        for number in range(times):
            folder = Path(name, str(number))
            folder.mkdir()
            runs = [here.schedule() for _ in range(2)]
            until(partial(_have_begun, here, runs), bool, _SECONDS)
            time.sleep(chance.uniform(0, pages * _LATENCY))
            here.flask("backup", str(folder / "backup"))
            home = folder / "home"
            if _restored(outcome, folder / "backup", home, chance):
                for run in runs:
                    _continue(outcome, here, home, run, pages * PAGE_SIZE)
            for run in runs:
                here.ended(run, _SECONDS)
            outcome.did()


def _have_begun(here: Installation, runs: list[Ordered]) -> bool:
    """Whether each run has asked for a page."""
    return all(here.asked_for(run).total() for run in runs)


def _restored(outcome: Outcome, archive: Path, home: Path, chance: random.Random) -> bool:
    """Restore, killed some times before; whether each kill has left nothing or all."""
    (home / "var").mkdir(parents=True)
    environment = os.environ | {"CATEGORY_CRAWLER_HOME": str(home)}
    for last in [chance.randrange(1, _LAST_STEP) for _ in range(_KILLS)] + [0]:
        command = [sys.executable, "-m", "tests.api.backup.dying_restore", str(archive), str(last)]
        ended = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        if ended.returncode == -signal.SIGKILL:
            outcome.count("restores killed")
        elif ended.returncode == 0:
            return True
        elif "has users already" in ended.stderr:
            # The one before was killed while it moved the files; the next start has moved the rest.
            outcome.count("restores finished by the next start")
            return True
        else:
            outcome.fail(f"The restore of {archive} ended with {ended.stderr[-300:]}")
            return False
        if files_in(home) and not (home / "var" / ".restore" / "complete").exists():
            outcome.fail(f"A restore killed before step {last} has left files and no mark")
    return False


def _continue(outcome: Outcome, here: Installation, home: Path, run: Ordered, whole: int) -> None:
    """Crawl the rest of a run in the restored home, and see whether the list is whole."""
    store = Store(home / "var" / "api.db")
    runner = store.runners.get(run.runner)
    store.close()
    if runner is None:
        outcome.fail(f"Runner {run.runner} is not in the restored database")
        return
    folder = RunFolder(home / "results" / _attempt(runner))
    if not folder.has_begun:
        outcome.count("runs that had not begun")
        return
    said = ""
    if not folder.is_done:
        # A run that is started by hand may not lie among those of users.
        following = f"local/{run.runner}"
        earlier = _attempt(runner)
        outcome.count("runs continued")
        crawl = Home(home, here.shop).crawl
        ended = crawl(run=following, continue_from=earlier, postcode=run.postcode)
        said = ended.said[-300:]
        folder = RunFolder(home / "results" / following)
    rows = json.loads(folder.rows.read_bytes()) if folder.is_done else []
    if len(rows) != whole or len({row["asin"] for row in rows}) != whole:
        outcome.fail(f"Runner {run.runner} of user {USER} has {len(rows)} rows of {whole}: {said}")


def _attempt(runner: Runner) -> str:
    return attempt_name(run_name(runner), runner.attempt)


RESTORES = Trial(
    name="restores",
    deed="back up while 2 runs of 30 pages are written, and kill the restore at random moments",
    must_hold="each kill leaves nothing or all; every restored run continues to a whole list",
    times=20,
    work=_work,
    short_times=1,
)
