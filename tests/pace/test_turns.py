"""Spiders at the pace of their shop, as the shop's own log shows it."""

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from tests.crawls import URL, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.waiting import until

DELAY = 0.15
EAGER = ("-s", "DOWNLOAD_DELAY=0", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=6")
SETTINGS = f"DOWNLOAD_DELAY = {DELAY}\nAUTOTHROTTLE_START_DELAY = 0\nRETRY_PAUSE = 0.01\n"


@pytest.fixture
def shop() -> Any:
    with Storefront(Catalogue(1900), Switches(page_bytes=0)).serve() as serving:
        yield serving


def test_eight_runs_ask_no_faster_than_one_may_and_take_turns(home: Home) -> None:
    """One of them asks for no delay and for six pages at once, and gets no more than the rest."""
    home.settings(SETTINGS)
    runs = [
        home.start(
            *(EAGER if number == 0 else ()),
            run=f"local/{number}",
            category_url=f"{URL}&i=run{number}",
        )
        for number in range(8)
    ]
    try:
        until(lambda: len(home.shop.requests), lambda number: number >= 80, 120)
    finally:
        for run in runs:
            run.kill()
            run.communicate()
    times = [request.at for request in home.shop.requests[:80]]
    # Each gap is 0.5 to 1.5 times the delay; the mean of 79 of them lies within a tenth of it.
    assert times[-1] - times[0] > 0.85 * 79 * DELAY
    assert _most_within(times, 5 * DELAY) <= 11
    counts = Counter(_since_all_ask(home)[:48])
    assert len(counts) == 8
    assert max(counts.values()) - min(counts.values()) <= 3


def _since_all_ask(home: Home) -> list[str]:
    """Which run asked, request by request, from when each has asked once."""
    asked = [match[1] for r in home.shop.requests if (match := re.search(r"i=(run\d)", r.path))]
    last_begins = max(asked.index(run) for run in set(asked))
    return asked[last_begins:]


def _most_within(times: list[float], seconds: float) -> int:
    """The most requests in any stretch of so many seconds."""
    return max(sum(begin <= at < begin + seconds for at in times) for begin in times)


def test_one_run_cannot_go_faster_than_the_operator_allows(home: Home) -> None:
    home.settings(SETTINGS)
    home.crawl(*EAGER, "-s", "MAX_REQUESTS=20")
    times = [request.at for request in home.shop.requests]
    assert times[-1] - times[0] > 0.7 * (len(times) - 1) * DELAY


def test_one_run_may_go_slower(home: Home) -> None:
    home.settings(SETTINGS)
    home.crawl("-s", "DOWNLOAD_DELAY=0.6", "-s", "MAX_REQUESTS=5")
    times = [request.at for request in home.shop.requests]
    assert times[-1] - times[0] > 5 * 0.3


def test_delivery_jobs_take_turns_too(home: Home) -> None:
    """What the page sends by itself cannot wait, so the turns after it come later."""
    home.settings("DOWNLOAD_DELAY = 0.8\nAUTOTHROTTLE_START_DELAY = 0\nDOWNLOAD_DELAY_JITTER = 0\n")
    assert home.deliver().code == 0
    asked = [request.at for request in home.shop.requests]
    assert [request.answered for request in home.shop.requests][:2] == ["robots", "home"]
    assert asked[1] - asked[0] > 0.7
    # robots.txt, the home page, the calls of the pop-over, the page after it, and the reload.
    assert len(asked) > 5
    assert asked[-1] - asked[0] > (len(asked) - 1) * 0.75


def test_checks_of_sessions_take_turns_too(home: Home) -> None:
    home.settings("DOWNLOAD_DELAY = 0.8\nAUTOTHROTTLE_START_DELAY = 0\nDOWNLOAD_DELAY_JITTER = 0\n")
    assert home.deliver("delivery_check").code == 0
    assert home.deliver("delivery_check").code == 0
    asked = [request.at for request in home.shop.requests]
    assert len(asked) == 4
    assert all(after - before > 0.7 for before, after in pairwise(asked))


def test_a_cancelled_run_does_not_wait_for_its_turn(home: Home) -> None:
    home.settings("DOWNLOAD_DELAY = 600\nDOWNLOAD_DELAY_JITTER = 0\nCANCEL_GRACE = 60\n")
    process = home.start()
    until(lambda: len(home.shop.requests), lambda number: number >= 1)
    process.terminate()
    process.communicate(timeout=20)
    assert len(home.shop.requests) == 1
