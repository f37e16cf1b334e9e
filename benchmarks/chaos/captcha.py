"""A shop that asks for a captcha from page 20 on, and opens again."""

import random
from typing import Any

from benchmarks.chaos.installation import tried
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge, told
from benchmarks.client import Ordered, Refused
from benchmarks.installation import PAGE_SIZE, Installation

_BLOCKED_PAGE = 20
_KEPT = (_BLOCKED_PAGE - 1) * PAGE_SIZE
_END_SECONDS = 120.0


def _work(outcome: Outcome, times: int, _chance: random.Random, pages: int = 60) -> None:
    """One run after the other: the shop counts requests, whoever asks."""
    with tried(outcome, pages=pages) as here:
        for _ in range(times):
            _block_one(outcome, here)
            outcome.did()


def _block_one(outcome: Outcome, here: Installation) -> None:
    switches = here.shop.switches
    switches.block_from = len(here.shop.listing_requests) + _BLOCKED_PAGE
    switches.block = "captcha"
    run = here.schedule()
    blocked = here.ended(run, _END_SECONDS)
    for flaw in _flaws_of_blocked(here, run, blocked):
        outcome.fail(f"{told(here, run, blocked)}: {flaw}")
    switches.block = ""
    outcome.highest("most tries at the blocked page", here.asked_for(run, "captcha").total())
    _resume(outcome, here, run)


def _flaws_of_blocked(here: Installation, run: Ordered, result: dict[str, Any]) -> list[str]:
    flaws = []
    if result.get("failed_reason") != "blocked":
        flaws.append("it is not blocked")
    elif str(_BLOCKED_PAGE) not in result["failed_message"]:
        flaws.append(f"its message does not name page {_BLOCKED_PAGE}")
    if result.get("asin_count") != _KEPT or len(here.client.rows(run) or ()) != _KEPT:
        flaws.append(f"it does not keep the {_KEPT} rows of {_BLOCKED_PAGE - 1} pages")
    return flaws


def _resume(outcome: Outcome, here: Installation, blocked: Ordered) -> None:
    """Resume a blocked runner by the operator's command; the new one must complete the list."""
    before = here.client.rows(blocked)
    try:
        resumed = here.resume(blocked)
    except Refused as error:
        outcome.fail(f"runners resume {blocked.runner} ended with an error: {error}")
        return
    # One session serves both, so that a page of the first 19 would show as served twice.
    judge(outcome, here, resumed, after=f"resumed from runner {blocked.runner}")
    if here.client.rows(blocked) != before:
        outcome.fail(f"{told(here, blocked, {})}: its rows have changed by the resume")


CAPTCHA = Trial(
    name="captcha",
    deed="captcha from page 20 on",
    must_hold="blocked, 19 pages of rows kept, resume completes them",
    times=10,
    work=_work,
    short_times=1,
    short={"pages": 24},
)
