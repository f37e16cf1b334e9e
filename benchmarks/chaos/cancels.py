"""Runs cancelled at random moments: while they wait, start, run or end."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.chaos.installation import tried
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import flaws_of_rows, judge, told
from benchmarks.client import Ordered
from benchmarks.installation import Installation

_WAITING = 2
"""Runs beyond the slots, so that some are cancelled while they wait."""
_RIGHT_STATES = (("failed", "Cancelled by user"), ("done", None))
_EARLY = (0.0, 3.0)
_GONE_SECONDS = 15.0
"""After a cancel, until the spider must be gone: more than the grace time."""
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A run that was cancelled."""

    run: Ordered
    moment: float
    """Seconds after add_schedule."""
    at: float
    """Seconds since 1970."""
    result: dict[str, Any]
    """What the API said at once."""


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    late: tuple[float, float] = (3.0, 30.0),
    latency: float = 0.25,
    pages: int = 60,
    slots: int = 8,
) -> None:
    """Half of the runs early, half late, several at once; then every slot must be free."""
    with tried(outcome, pages=pages, latency=latency, slots=slots) as here:
        cancel_many(outcome, here, moments(chance, times, late), partial(_by_api, here))


def moments(chance: random.Random, times: int, late: tuple[float, float]) -> list[float]:
    """Moments of so many cancels, in seconds after add_schedule."""
    spans = [(_EARLY, late)[number % 2] for number in range(times)]
    return [chance.uniform(*span) for span in spans]


def cancel_many(
    outcome: Outcome, here: Installation, moments: list[float], cancel: Callable[[Ordered], None]
) -> None:
    """Cancel a run at each moment, some at once; then every slot must take a job again.

    When ``cancel`` returns, the run must have ended.
    """
    with ThreadPoolExecutor(here.slots + _WAITING) as lanes:
        cancelled = list(lanes.map(partial(_cancel_one, outcome, here, cancel), moments))
    _check_slots(outcome, here)
    for one in cancelled:
        _check(outcome, here, one)


def _by_api(here: Installation, run: Ordered) -> None:
    here.client.cancel(run.collection)


def _cancel_one(
    outcome: Outcome, here: Installation, cancel: Callable[[Ordered], None], moment: float
) -> Cancelled:
    """Cancel a run some seconds after it was asked for, and see its spider out."""
    run = here.schedule()
    time.sleep(moment)
    cancel(run)
    one = Cancelled(run, moment, time.time(), here.client.result(run.collection))
    while here.spiders_of(run) and time.time() - one.at < _GONE_SECONDS:
        time.sleep(0.05)
    _check(outcome, here, one)
    outcome.count(one.result["failed_reason"] or one.result["stage"])
    outcome.did()
    return one


def _check(outcome: Outcome, here: Installation, one: Cancelled) -> None:
    """Once its spider is gone: now, and again when all is over."""
    result = here.client.result(one.run.collection)
    flaws = [
        *_flaws_of_state(one.result, result),
        *flaws_of_rows(here, one.run, result),
        *_flaws_of_spider(outcome, here, one),
    ]
    for flaw in flaws:
        outcome.fail(f"{told(here, one.run, result)}, cancelled after {one.moment:.2f} s: {flaw}")


def _flaws_of_state(at_once: dict[str, Any], at_last: dict[str, Any]) -> Iterator[str]:
    if _state(at_once) not in _RIGHT_STATES:
        yield f"the state at once is {_state(at_once)}"
    if _state(at_last) != _state(at_once):
        yield f"the state at once was {_state(at_once)}, and at last {_state(at_last)}"


def _state(result: dict[str, Any]) -> tuple[str, str | None]:
    return result["stage"], result["failed_message"]


def _flaws_of_spider(outcome: Outcome, here: Installation, one: Cancelled) -> Iterator[str]:
    if here.spiders_of(one.run):
        yield "its spider is alive"
    if one.result["stage"] == "failed":
        late = max((at - one.at for at in here.asked_at(one.run)), default=0.0)
        outcome.highest("latest request after a cancel in seconds", late)
        if late > _GONE_SECONDS:
            yield f"its spider asked the shop {late:.1f} s after the cancel"


def _check_slots(outcome: Outcome, here: Installation) -> None:
    """Every slot must take a job at the same time, and no cancelled runner be open."""
    runs = [here.schedule() for _ in range(here.slots)]
    deadline = time.monotonic() + _START_SECONDS
    while (working := len(here.spiders())) < here.slots and time.monotonic() < deadline:
        time.sleep(0.05)
    if working < here.slots:
        outcome.fail(f"{working} spiders run at the same time afterwards, and not {here.slots}")
    here.shop.switches.latency = 0
    for run in runs:
        judge(outcome, here, run, after="scheduled afterwards")
    for runner in here.store.runners.open():
        outcome.fail(f"Runner {runner.id} is still open: it is {runner.stage}")


CANCELS = Trial(
    name="cancel",
    deed="cancel at a random moment 0-3 s and 3-30 s after add_schedule",
    must_hold="Cancelled by user or done, never anything else; rows kept; the slot is free again",
    times=100,
    work=_work,
    short_times=6,
    short={"late": (3.0, 5.0), "latency": 0.1, "pages": 30, "slots": 2},
)
