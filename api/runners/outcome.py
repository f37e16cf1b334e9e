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


_HAPPENED: Mapping[str, str] = MappingProxyType(
    {
        "blocked": "The shop answered with a captcha or an error instead of products",
        "location_lost": "The shop did not deliver to the postcode any more",
        "no_session": "There is no delivery session for the postcode",
        "filter_unavailable": "The shop does not offer a filter that was asked for",
        "filter_not_applied": "The shop did not apply a filter that was asked for",
        "node_not_applied": "The shop did not show the category that was asked for",
        "redirected": "The shop led to another page than the one that was asked for",
        "robots_disallowed": "The shop forbids programs to read the page",
        "unreadable_page": "A page of the shop could not be read",
        "not_a_listing": "The shop answered with a page that is no list of products",
        "unreachable": "The shop gave no answer",
        "too_large": "An answer of the shop was too large",
        "storage": "The disk of the service refused a file",
        "crashed": "The crawler itself failed",
        "not_started": "The crawl could not be started",
        "invalid_job": "What was asked for is not valid any more",
        "invalid_setting": "A setting of the service is wrong",
    }
)
"""By the reason of the failure, without a full stop."""
_ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "blocked": Advice(
            "The shop wants a pause: wait some hours, then continue the run. If that happens "
            "often, the operator can choose a slower pace.",
            Step.RESUME,
        ),
        "location_lost": Advice(
            "Renew the delivery session, then continue the run.",
            Step.NEW_SESSION,
        ),
        "no_session": Advice(
            "Set up the delivery session, then run it again.",
            Step.NEW_SESSION,
        ),
        "filter_unavailable": Advice(
            "Start a new crawl without the filter.",
            Step.NEW_CRAWL,
        ),
        "filter_not_applied": Advice(
            "Try again later, or start a new crawl without the filter.",
            Step.RERUN,
        ),
        "node_not_applied": Advice(
            "Look at the address in the shop, and start a new crawl with the one that you find "
            "there.",
            Step.NEW_CRAWL,
        ),
        "redirected": Advice(
            "Look at the address in the shop, and start a new crawl with the one that you find "
            "there.",
            Step.NEW_CRAWL,
        ),
        "robots_disallowed": Advice(
            "This program obeys. Start a new crawl of another category.", Step.NEW_CRAWL
        ),
        "unreadable_page": Advice(
            "The shop's pages may have changed. The page is kept for the operator, who can say "
            "what to do; it may also work later.",
            Step.RESUME,
        ),
        "not_a_listing": Advice(
            "It may work later; the page is kept for the operator.",
            Step.RESUME,
        ),
        "unreachable": Advice(
            "Continue the run later, when the shop answers again.",
            Step.RESUME,
        ),
        "storage": Advice(
            "Once the operator has made room, continue the run.",
            Step.RESUME,
        ),
        "crashed": Advice(
            "This is our fault, and its log tells the operator why. Continue the run: it begins "
            "behind the last page that was finished.",
            Step.RESUME,
        ),
        "cancelled": Advice(
            "A cancelled collection cannot be run again. Start a new crawl of the same category.",
            Step.NEW_CRAWL,
        ),
        "invalid_job": Advice("Start a new crawl.", Step.NEW_CRAWL),
        "invalid_setting": Advice(
            "Only the operator can correct it. Run it again afterwards.", Step.RERUN
        ),
    }
)
"""By the reason of the failure."""
_OTHERWISE = Advice("Continue the run where it has stopped.", Step.RESUME)


def advice_for(runner: Runner, *, is_newest: bool) -> Advice | None:
    """What to do after a run that has failed; None after any other, and if it was followed."""
    if runner.stage is not Stage.FAILED or not is_newest:
        return None
    given = _ADVICE.get(runner.failed_reason or "", _OTHERWISE)
    possible = steps(runner, is_newest=is_newest)
    if given.best in possible:
        return given
    best = Step.RERUN if Step.RERUN in possible else Step.NEW_CRAWL
    cannot = "It cannot be continued where it has stopped. Run it again."
    return Advice(cannot if given is _OTHERWISE else given.sentence, best)


def steps(runner: Runner, *, is_newest: bool) -> list[Step]:
    """What can be done with a collection by means of this run; nothing while it is open."""
    return [*_steps(runner)] if runner.has_ended and is_newest else []


def _steps(runner: Runner) -> Iterator[Step]:
    if not why_not_continued(runner):
        yield Step.RESUME
    if not runner.was_cancelled:
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


def why_failed(report: Report) -> str:
    """Why a run has failed, without a full stop; empty if it has not."""
    reason = report["failed_reason"] or ""
    return _HAPPENED.get(reason) or (report["failed_message"] or "").rstrip(".")


def _failure(report: Report, products: str) -> str:
    kept = _kept(report, products)
    if report["failed_reason"] == Cancelled.reason:
        return f"Cancelled before its end. {kept}; the list is not complete."
    return f"Failed. {why_failed(report)}. {kept}; the list is not complete."


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
