"""A shop that answers every fifth request with an error."""

import random
from concurrent.futures import ThreadPoolExecutor

from benchmarks.chaos.installation import tried
from benchmarks.chaos.trial import Outcome, Trial
from benchmarks.chaos.verdict import judge

_AT_ONCE = 4
_KINDS = ("error", "rate_limit", "error_200", "reset")
"""503, 429, an error page with status 200, a connection that is cut."""
_SHARE = 0.2


def _work(outcome: Outcome, times: int, _chance: random.Random, pages: int = 60) -> None:
    """The shop draws which requests; retries may cost no page twice."""
    with tried(outcome, pages=pages, block="|".join(_KINDS), block_share=_SHARE) as here:

        def have_one(_number: int) -> None:
            judge(outcome, here, here.schedule())
            outcome.did()

        with ThreadPoolExecutor(_AT_ONCE) as lanes:
            list(lanes.map(have_one, range(times)))
        asked = here.shop.listing_requests
        refused = sum(request.answered != "listing" for request in asked)
        outcome.figures["share of answers refused"] = round(refused / len(asked), 3)


PASSING_TROUBLE = Trial(
    name="trouble",
    deed="20 % of answers 503/429/error/reset",
    must_hold="all done, recall 100 %",
    times=20,
    work=_work,
    short_times=2,
    short={"pages": 20},
)
