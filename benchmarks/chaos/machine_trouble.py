"""A machine in trouble: a full disk, locked files, no descriptors, torn files, cut receivers."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.chaos.installation import tried
from benchmarks.chaos.moment import Moment
from benchmarks.chaos.small_disk import SmallDisk, small_disk
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import flaws_of_rows, judge, told
from benchmarks.client import Away, Ordered, Refused
from benchmarks.installation import Installation
from tests.api.receivers import Hook, https_receiver
from tests.processes import kill
from tests.trouble import few_descriptors, locked

_SETTINGS = {
    "CATEGORY_CRAWLER_MIN_FREE_BYTES": "1000000",
    "CATEGORY_CRAWLER_WEBHOOK_PRIVATE_ADDRESSES": "true",
}
_LATEST = 0.8
"""Share of the pages after which the first of the runs may have ended."""
_LOOK_EVERY = 0.1
_WELL_SECONDS = 60.0
"""From the end of the trouble until the service must say that all is well."""
_NOTICE_SECONDS = 180.0
"""From the end of all runs until every receiver must have been told."""
_GARBAGE = (b"", b"{", b"[]", b"{}", b"null", b'{"stage": 5}', b"\x00" * 512, b"\xff\xfe rubbish")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a trouble is made with."""

    here: Installation
    disk: SmallDisk
    hook: Hook
    chance: random.Random
    runs: list[Ordered]

    @property
    def var(self) -> Path:
        return self.here.home.folder / "var"


@contextmanager
def _full_disk(scene: Scene) -> Iterator[None]:
    with scene.disk.full():
        yield


@contextmanager
def _locked_store(scene: Scene) -> Iterator[None]:
    """Both of Scrapyd's files: the queue and the record of ended jobs."""
    with ExitStack() as locks:
        for name in ("default.db", "jobs.db"):
            locks.enter_context(locked(scene.var / "scrapyd" / name))
        yield


@contextmanager
def _no_descriptors(scene: Scene) -> Iterator[None]:
    number = scene.here.programs["scrapyd"].number
    assert number is not None
    with few_descriptors(number):
        yield


@contextmanager
def _torn_files(scene: Scene) -> Iterator[None]:
    """Half of the runs: their spiders killed, their files cut or overwritten."""
    for run in scene.chance.sample(scene.runs, len(scene.runs) // 2):
        for number in scene.here.spiders_of(run):
            kill(number)
        folder = scene.here.folder_of(run)
        for name in ("journal.jsonl", "products.part"):
            _cut(folder / name, scene.chance)
        for name in ("summary.json", "progress.json", "job.json"):
            if folder.exists() and scene.chance.random() < _LATEST:
                (folder / name).write_bytes(scene.chance.choice(_GARBAGE))
    yield


@contextmanager
def _cut_receivers(scene: Scene) -> Iterator[None]:
    scene.hook.is_cut = True
    yield
    scene.hook.is_cut = False


Trouble = Callable[[Scene], AbstractContextManager[None]]
_TROUBLES: dict[str, tuple[Trouble, str]] = {
    "full disk": (_full_disk, "disk"),
    "locked job store": (_locked_store, "slots"),
    "no descriptors": (_no_descriptors, "slots"),
    "torn files": (_torn_files, ""),
    "cut receivers": (_cut_receivers, ""),
}
"""Each with the part of the service that ``/healthz`` must name, if any."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    pages: int = 40,
    open_runs: int = 6,
    seconds: tuple[float, float] = (2.0, 12.0),
) -> None:
    """One trouble after the other, each while some runs go on and others wait for a slot."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk())
        here = stack.enter_context(
            tried(outcome, pages=pages, disk=disk.folder, settings=_SETTINGS, may_refuse=True)
        )
        hook = stack.enter_context(https_receiver(here.shop.certified("localhost")))
        names = [list(_TROUBLES)[number % len(_TROUBLES)] for number in range(times)]
        for name in names:
            runs = [here.schedule(webhook_url=hook.url()) for _ in range(open_runs)]
            scene = Scene(here, disk, hook, chance, runs)
            moment = Moment.draw(chance, int(_LATEST * pages * here.slots))
            moment.wait(partial(_pages_of, scene), lambda: not here.store.runners.open())
            _trouble(outcome, scene, name, chance.uniform(*seconds))
            _see_it_through(outcome, scene, name)
            # The disk is small, and what is removed now would fill it.
            here.flask("prune", "--older-than", "0h")
            outcome.did()
        _check_notices(outcome, here, hook)


def _pages_of(scene: Scene) -> int:
    return sum(scene.here.asked_for(run).total() for run in scene.runs)


def _trouble(outcome: Outcome, scene: Scene, name: str, seconds: float) -> None:
    """Have a trouble last so many seconds; meanwhile a client goes on as usual."""
    make, part = _TROUBLES[name]
    said: set[str] = set()
    postcode = scene.here.new_postcode()
    with make(scene):
        until = time.monotonic() + seconds
        with suppress(Refused, Away):
            ordered = scene.here.client.schedule(postcode, webhook_url=scene.hook.url())
            scene.runs.append(ordered)
            outcome.count("add_schedule taken in trouble")
        while time.monotonic() < until:
            said.add(scene.here.client.ailing())
            time.sleep(_LOOK_EVERY)
    if part and not any(f"{part}:" in words for words in said):
        outcome.fail(f"{name} for {seconds:.1f} s: /healthz never named {part}, it said {said}")


def _see_it_through(outcome: Outcome, scene: Scene, name: str) -> None:
    """Once it has passed: every slot works, and every run ends true or goes on when resumed."""
    over = time.monotonic()
    while (ailing := scene.here.client.ailing()) and time.monotonic() - over < _WELL_SECONDS:
        time.sleep(_LOOK_EVERY)
    if ailing:
        outcome.fail(f"{_WELL_SECONDS:.0f} s after {name}: {ailing}")
    outcome.highest("longest recovery in seconds", time.monotonic() - over)
    for run in scene.runs:
        _judge(outcome, scene.here, run, name)
    for runner in scene.here.store.runners.open():
        outcome.fail(f"After {name}, runner {runner.id} is still open")


def _judge(outcome: Outcome, here: Installation, run: Ordered, name: str) -> None:
    """A run is done and whole; or has failed for the disk, said so, and is whole once resumed."""
    result = here.ended(run, _NOTICE_SECONDS)
    if result.get("failed_reason") != "storage":
        judge(outcome, here, run, repeats=here.slots * len(_TROUBLES), after=name)
        return
    outcome.count("runs that ended for the disk")
    for flaw in flaws_of_rows(here, run, result):
        outcome.fail(f"{told(here, run, result)}, after {name}: {flaw}")
    try:
        resumed = here.resume(run)
    except Refused as error:
        outcome.fail(f"{told(here, run, result)}, after {name}: it cannot be resumed: {error}")
        return
    judge(outcome, here, resumed, repeats=here.slots, after=f"{name} and a resume")


def _check_notices(outcome: Outcome, here: Installation, hook: Hook) -> None:
    """Every receiver was told of each run in the end."""
    until = time.monotonic() + _NOTICE_SECONDS
    while (owed := _owed(here)) and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
    if owed:
        outcome.fail(f"{owed} notices were not delivered within {_NOTICE_SECONDS:.0f} s")
    outcome.count("webhooks received", len(hook.calls))


def _owed(here: Installation) -> int:
    query = "SELECT count(*) FROM notices WHERE kind = 'webhook' AND status != 'sent'"
    (number,) = here.store.db.conn.execute(query).fetchone()
    return int(number)


def _cut(path: Path, chance: random.Random) -> None:
    """Take some bytes off a file's end, as a power cut does."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        size = path.stat().st_size
        file.truncate(max(0, size - chance.randint(0, 2000)))


MACHINE_TROUBLE = Trial(
    name="machine",
    deed="full disk, locked job store, no descriptors, torn files, cut receivers; 6 runs open",
    must_hold="every slot works afterwards, every run ends true, /healthz told of it",
    times=20,
    work=_work,
    short_times=5,
    short={"pages": 16, "open_runs": 5, "seconds": (2.0, 4.0)},
)
