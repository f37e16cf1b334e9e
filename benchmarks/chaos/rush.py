"""A rush: many schedules at once, then many polls a second while the runs go on."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.chaos.installation import tried
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge, told
from benchmarks.client import Away, Ordered, Refused
from benchmarks.installation import Installation

_PAGES = 2


def _work(
    outcome: Outcome,
    times: int,
    chance: random.Random,
    runs: int = 100,
    clients: int = 10,
    polls: int = 100,
    seconds: float = 30.0,
) -> None:
    """``polls`` is their number in each of so many seconds."""
    with tried(outcome, pages=_PAGES) as here, ThreadPoolExecutor(clients) as threads:
        for _ in range(times):
            postcodes = [here.new_postcode() for _ in range(runs)]
            ordered = threads.map(partial(_order, outcome, here), postcodes)
            accepted = [run for run in ordered if run is not None]
            asked = [chance.choice(accepted) for _ in range(int(polls * seconds))]
            _poll(outcome, here, threads, asked, polls)
            for run in accepted:
                judge(outcome, here, run)
                _check_once(outcome, here, run)
            outcome.did()


def _order(outcome: Outcome, here: Installation, postcode: str) -> Ordered | None:
    began = time.monotonic()
    try:
        run = here.client.schedule(postcode)
    except (Away, Refused) as error:
        outcome.fail(f"A schedule was not accepted: {error}")
        return None
    outcome.highest("slowest schedule in seconds", time.monotonic() - began)
    return run


def _poll(
    outcome: Outcome,
    here: Installation,
    threads: ThreadPoolExecutor,
    asked: list[Ordered],
    each_second: int,
) -> None:
    """Ask for one result after the other, each at its time."""
    began = time.monotonic()

    def poll(number: int, run: Ordered) -> None:
        due = began + number / each_second
        time.sleep(max(0.0, due - time.monotonic()))
        sent = time.monotonic()
        try:
            here.client.result(run.collection)
        except (Away, Refused) as error:
            outcome.fail(f"A poll of runner {run.runner} failed: {error}")
        outcome.highest("slowest poll in seconds", time.monotonic() - sent)

    list(threads.map(poll, range(len(asked)), asked))
    outcome.highest("polls a second", len(asked) / (time.monotonic() - began))


def _check_once(outcome: Outcome, here: Installation, run: Ordered) -> None:
    asked, attempts = here.asked_for(run), here.attempts_of(run)
    if asked.total() != _PAGES or attempts != [f"r{run.runner}-1"]:
        outcome.fail(f"{told(here, run, {})}: it asked for {asked.total()} pages of {_PAGES}")


RUSH = Trial(
    name="rush",
    deed="100 add_schedule at once from 10 clients, then 100 polls a second for 30 s",
    must_hold="all accepted and finished, no 5xx, each run once",
    times=3,
    work=_work,
    short_times=1,
    short={"runs": 8, "seconds": 3.0},
)
