"""A rolling upgrade: the nodes in turn, while an old and a newer API work side by side."""

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.cluster import NODES, Cluster, clustered
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge_first
from benchmarks.client import AWAY, Client, Ordered
from benchmarks.program import Program
from category_crawler import __version__
from category_crawler.checkout import PROJECT
from tests.api.services import free_port
from tests.waiting import until

_NEWER = f"{__version__}.post1"
_PACKAGES = ("category_crawler", "api")
_LATEST = 0.3
"""Share of the pages after which the upgrade begins at the latest."""
_DRAIN_SECONDS = 120


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 12,
    pages: int = 20,
    names: Sequence[str] = NODES,
) -> None:
    """In turn to the newer version and back; half of the runs are ordered from the newer API."""
    with (
        _newer_version() as newer,
        clustered(outcome, pages=pages, slots=2, names=names) as there,
        _newer_head(there, newer) as second,
    ):
        for number in range(times):
            folder = (newer, PROJECT)[number % 2]
            moment = Moment.draw(chance, int(_LATEST * pages * runs))
            _upgrade_all(outcome, there, second, moment, runs, folder)
            outcome.did()


def _upgrade_all(
    outcome: Outcome, there: Cluster, second: Client, moment: Moment, number: int, folder: Path
) -> None:
    clients = (there.here.client, second)
    runs = [
        clients[one % len(clients)].schedule(there.here.new_postcode()) for one in range(number)
    ]
    there.wait_for(moment, runs)
    for name in there.names:
        _upgrade(there, name, folder)
        _check_versions(outcome, there)
    for run in runs:
        judge_first(outcome, there.here, run, "during an upgrade")
        _compare(outcome, clients, run)


def _upgrade(there: Cluster, name: str, folder: Path) -> None:
    there.nodes.drain(name)
    until(lambda: there.jobs_on(name), lambda jobs: not jobs, _DRAIN_SECONDS)
    program = there.here.programs[name]
    program.end()
    program.folder = folder
    there.start(name)
    there.nodes.resume(name)


def _check_versions(outcome: Outcome, there: Cluster) -> None:
    """The old API's health must name the nodes of another version, and no others."""
    ailing = there.here.client.ailing()
    there.here.client.forget_answers()
    newer = sum(node.version == _NEWER for node in there.nodes.list())
    outcome.highest("nodes of the newer version", newer)
    if (f"it runs version {_NEWER}" in ailing) != bool(newer):
        outcome.fail(f"{newer} nodes run {_NEWER}, and /healthz says: {ailing or 'all is well'}")


def _compare(outcome: Outcome, clients: Sequence[Client], run: Ordered) -> None:
    old, new = ({**client.result(run.collection), "download_links": None} for client in clients)
    if old != new:
        outcome.fail(f"The two APIs say different things of runner {run.runner}")


@contextmanager
def _newer_version() -> Iterator[Path]:
    """A checkout of the same program under a newer version."""
    with tempfile.TemporaryDirectory(prefix="newer-") as name:
        folder = Path(name)
        for package in _PACKAGES:
            shutil.copytree(PROJECT / package, folder / package)
        shutil.copy(PROJECT / "scrapy.cfg", folder)
        told = folder / "category_crawler" / "__init__.py"
        told.write_text(told.read_text().replace(f'"{__version__}"', f'"{_NEWER}"'))
        yield folder


@contextmanager
def _newer_head(there: Cluster, newer: Path) -> Iterator[Client]:
    """A second API and a second watcher, over the same database."""
    here, port = there.here, free_port()
    environment = here.environment | {"API_PORT": str(port)}
    for name in ("api", "watch"):
        program = Program(name, environment, here.home.folder / f"newer-{name}.log", newer)
        here.programs[f"newer {name}"] = program
        program.start()
    client = Client(port, here.client.key)
    until(client.ailing, lambda said: said != AWAY)
    yield client


ROLLING_UPGRADE = Trial(
    name="upgrade",
    deed="drain, stop, upgrade and resume each of three nodes, 12 runs open; a newer API beside",
    must_hold="all done in their first attempts, no page twice; both APIs say the same; /healthz "
    "names nodes of another version",
    times=5,
    work=_work,
    short_times=1,
    short={"runs": 4, "pages": 6, "names": NODES[:2]},
)
