"""A run held against the shop's own catalogue, and against what it was allowed to ask for."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.chaos.trial import Outcome
from benchmarks.client import Ordered
from benchmarks.installation import Installation

_SECONDS = 180.0
"""For which a run may go on before it counts as stuck."""


def judge(
    outcome: Outcome, here: Installation, run: Ordered, repeats: int = 0, after: str = ""
) -> None:
    """Wait until a run has ended, and note what is wrong where it is not done and whole.

    ``repeats`` is how many pages it may have been served twice, ``after`` what was done to it.
    """
    result = here.ended(run, _SECONDS)
    twice = _repeated(here, run)
    outcome.highest("most pages served twice", twice)
    outcome.highest("most attempts", len(here.attempts_of(run)))
    flaws = [*_flaws(here, run, result), *_flaws_of_jobs(here, run)]
    if twice > repeats:
        flaws.append(f"{twice} pages were served twice, not at most {repeats}")
    for flaw in flaws:
        outcome.fail(f"{told(here, run, result)}{after and f', {after}'}: {flaw}")


def judge_first(outcome: Outcome, here: Installation, run: Ordered, after: str) -> None:
    """The same, of a run that must not need a second attempt."""
    judge(outcome, here, run, after=after)
    attempts = here.attempts_of(run)
    if len(attempts) != 1:
        outcome.fail(f"{told(here, run, {})}, {after}: it took {len(attempts)} attempts")


def flaws_of_rows(here: Installation, run: Ordered, result: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the rows that a run has kept, however it ended."""
    rows = here.client.rows(run)
    if rows is None and result["download_links"]["pages"]:
        yield "its download link leads nowhere"
    if len(rows or ()) != result["asin_count"]:
        yield f"{len(rows or ())} rows can be downloaded, and asin_count is {result['asin_count']}"
    if len({row["asin"] for row in rows or ()}) != len(rows or ()):
        yield "products come twice"
    if result["stage"] == "failed" and result["coverage"]["complete"] is not False:
        yield f"its coverage says complete: {result['coverage']['complete']}"


def _repeated(here: Installation, run: Ordered) -> int:
    """Pages that the shop has served a run more than once, each time counted."""
    return sum(times - 1 for times in here.asked_for(run, "listing").values())


def _flaws_of_jobs(here: Installation, run: Ordered) -> Iterator[str]:
    for job, nodes in Counter(here.attempts_of(run)).items():
        if nodes > 1:
            yield f"{nodes} nodes have started its job {job}"


def told(here: Installation, run: Ordered, result: dict[str, Any]) -> str:
    """Which run it is and how it stands."""
    reason = result.get("failed_reason")
    said = f" ({reason}: {result['failed_message']})" if reason else ""
    attempts = ", ".join(here.attempts_of(run)) or "no job that was started"
    pages = len(here.asked_for(run, "listing"))
    return (
        f"Runner {run.runner} [{attempts}] is {result.get('stage', 'without an answer')}{said} "
        f"with {result.get('asin_count', 0)} rows, {pages} pages served"
    )


def _flaws(here: Installation, run: Ordered, result: dict[str, Any]) -> Iterator[str]:
    if result.get("id") != run.runner:
        yield f"the API tells of runner {result.get('id')}"
    if result.get("stage") != "done":
        yield "it is not done"
        return
    found = Counter(row["asin"] for row in result["asins"])
    right = here.shop.catalogue.asins()
    if missing := right - found.keys():
        yield f"{len(missing)} of {len(right)} products are missing, such as {min(missing)}"
    if foreign := found.keys() - right:
        yield f"{len(foreign)} products are not of the category, such as {min(foreign)}"
    if doubled := [asin for asin, times in found.items() if times > 1]:
        yield f"{len(doubled)} products come twice, such as {doubled[0]}"
    if result["asin_count"] != found.total():
        yield f"asin_count is {result['asin_count']}, and there are {found.total()} rows"
