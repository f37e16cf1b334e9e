"""What came of a run, in a sentence, and what its owner can do next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from api.runners.lifecycle import why_not_continued
from api.runners.report import Report
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.errors import Cancelled


class Step(StrEnum):
    """What the owner of a run that has ended can do."""

    RESUME = "resume"
    """Go on where it has stopped, as a new runner."""
    RERUN = "rerun"
    """Crawl the category again, from nothing."""
    NEW_SESSION = "new_session"
    """Have the delivery session made anew."""
    NEW_CRAWL = "new_crawl"
    """Ask for another crawl."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next."""

    sentence: str
    best: Step


_ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "blocked": Advice(
            "The shop wants a pause. Wait some hours and let it go on then. If that happens "
            "often, the operator can choose a slower pace.",
            Step.RESUME,
        ),
        "location_lost": Advice(
            "The shop does not deliver to the postcode any more with the cookies that are there. "
            "Have the delivery session made anew, then let the run go on.",
            Step.NEW_SESSION,
        ),
        "no_session": Advice(
            "There is no delivery session for the postcode. Have it made, then run it again.",
            Step.NEW_SESSION,
        ),
        "filter_unavailable": Advice(
            "The shop does not offer this filter here. Start a new crawl without it.",
            Step.NEW_CRAWL,
        ),
        "filter_not_applied": Advice(
            "The shop shows products that the filter should leave out. Try again later, or start "
            "a new crawl without the filter.",
            Step.RERUN,
        ),
        "node_not_applied": Advice(
            "The address does not lead to the category that it names. Look at it in the shop, and "
            "start a new crawl with the address that you find there.",
            Step.NEW_CRAWL,
        ),
        "redirected": Advice(
            "The shop leads the address elsewhere. Look at it in the shop, and start a new crawl "
            "with the address that you find there.",
            Step.NEW_CRAWL,
        ),
        "robots_disallowed": Advice(
            "The shop forbids programs to read this page, and this one obeys.", Step.NEW_CRAWL
        ),
        "unreadable_page": Advice(
            "The shop's pages may have changed. The page is kept for the operator, who can say "
            "what to do; it may also work later.",
            Step.RESUME,
        ),
        "not_a_listing": Advice(
            "The shop answered with a page that is no list of products. It may work later; the "
            "page is kept for the operator.",
            Step.RESUME,
        ),
        "unreachable": Advice(
            "The shop gave no answer. Let the run go on later, when it answers again.",
            Step.RESUME,
        ),
        "storage": Advice(
            "The disk of the service refused a file. Once the operator has made room, let the run "
            "go on.",
            Step.RESUME,
        ),
        "crashed": Advice(
            "This is our fault, and its log tells the operator why. Let the run go on: it begins "
            "behind the last page that was finished.",
            Step.RESUME,
        ),
        "cancelled": Advice(
            "A cancelled collection cannot be run again. Start a new crawl of the same category.",
            Step.NEW_CRAWL,
        ),
        "invalid_job": Advice(
            "What was asked for is not valid any more. Start a new crawl.", Step.NEW_CRAWL
        ),
        "invalid_setting": Advice(
            "A setting of the service is wrong, which only the operator can correct. Run it again "
            "afterwards.",
            Step.RERUN,
        ),
    }
)
"""By the reason of the failure."""
_OTHERWISE = Advice("Let the run go on where it has stopped.", Step.RESUME)


def advice_for(runner: Runner, *, is_newest: bool) -> Advice | None:
    """What to do after a run that has failed; None after any other, and if it was followed."""
    if runner.stage is not Stage.FAILED or not is_newest:
        return None
    given = _ADVICE.get(runner.failed_reason or "", _OTHERWISE)
    possible = steps(runner, is_newest=is_newest)
    if given.best in possible:
        return given
    best = Step.RERUN if Step.RERUN in possible else Step.NEW_CRAWL
    cannot = "It cannot go on where it has stopped. Run it again."
    return Advice(cannot if given is _OTHERWISE else given.sentence, best)


def steps(runner: Runner, *, is_newest: bool) -> list[Step]:
    """What can be done with a collection by means of this run; nothing while it is open."""
    return [*_steps(runner)] if runner.has_ended and is_newest else []


def _steps(runner: Runner) -> Iterator[Step]:
    if not why_not_continued(runner):
        yield Step.RESUME
    if runner.failed_reason != Cancelled.reason:
        yield Step.RERUN
    if runner.failed_reason in ("location_lost", "no_session"):
        yield Step.NEW_SESSION
    yield Step.NEW_CRAWL


def outcome(report: Report) -> str:
    """What came of a run that has ended, or how it stands, in a sentence."""
    kept = report["asin_count"]
    products = "1 product" if kept == 1 else f"{kept:,} products"
    stage = Stage(report["stage"])
    if stage is Stage.QUEUED:
        return "It waits for its turn."
    if stage is Stage.SCRAPING:
        return f"It is being crawled; {products} so far."
    if stage is Stage.FAILED:
        return _failure(report, products)
    coverage: Mapping[str, Any] = report["coverage"] or {}
    complete, why = coverage.get("complete"), str(coverage.get("why", "")).rstrip(".")
    if complete is True:
        return f"Done, and complete: {why}."
    if complete is False:
        return f"Done, but not complete: {why}. {_kept(report, products)}."
    known = f": {why}" if why else ""
    return f"Done, with {products}. Whether these are all is not known{known}."


def _failure(report: Report, products: str) -> str:
    kept = _kept(report, products)
    if report["failed_reason"] == Cancelled.reason:
        return f"Cancelled before its end. {kept}; the list is not complete."
    said = (report["failed_message"] or "").rstrip(".")
    return f"Failed: {said}. {kept}; the list is not complete."


def _kept(report: Report, products: str) -> str:
    verb = "was" if report["asin_count"] == 1 else "were"
    return f"{products} {verb} kept" if report["asin_count"] else "Nothing was kept"


def pages_a_minute(report: Report) -> float | None:
    """The pace of the attempt that goes on; None before it is known, and once the run has ended."""
    shown = report["progress"]
    total, left = shown["total_pages"], shown["seconds_left"]
    to_come = (total or 0) - (shown["pages_finished"] or 0)
    if Stage(report["stage"]) is not Stage.SCRAPING or not left or to_come <= 0:
        return None
    return float(60 * to_come / left)
