"""What went wrong, as a page says it: in people's words, with a link to what helps.

The API's own sentences name its calls and fields; :func:`api.rest.problem.problem_of` has those.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from api.delivery_sessions import HasItAlready, OtherSuburb
from api.products.datasets import NoRows
from api.products.downloads import NoRoom, NotMade, NotReady
from api.rest.auth import TooManyRequests, current_user
from api.rest.ownership import NotYours
from api.rest.problem import Problem, problem_of
from api.runners.deletion import RunOpen, SpiderEnding
from api.runners.previews import MOST_OPEN, PreviewNotReady, TooManyPreviews
from api.runners.recurrence import InvalidRecurrence
from api.runners.repeats import OvertakenByAnother, StillOpen, WasCancelled
from api.runners.schedule_report import NotStartedReport
from api.scrapyd.job_service import ScrapydAway, ScrapydRefused
from api.store import NotEnoughCredits
from api.web.vocabulary import in_words, plain
from api.web.words import sentence
from category_crawler.domain_config import Marketplace
from category_crawler.errors import SessionMissing
from category_crawler.fault import Fault

NOTHING_HERE = "There is no such page. It may have been deleted, or its address mistyped"


def shown_problem(error: Exception) -> Problem:
    """What an error means to the reader of a page, without a full stop."""
    problem = problem_of(error)
    tell = next((tell for kind, tell in _SAID.items() if isinstance(error, kind)), None)
    return replace(problem, sentence=tell(error) if tell else plain(problem.sentence))


def why_no_table(error: NotReady | None) -> str:
    """Why a table cannot be waited for; empty if it is being made."""
    return shown_problem(error).sentence if isinstance(error, NotMade) else ""


def sentence_of(fault: Fault) -> str:
    """What is wrong with a field of a form, without the name that it has in the API."""
    if fault.field in ("price_min_cents", "price_max_cents") and "is above" in fault.message:
        return "The lowest price is above the highest one, here or in the address."
    name, message = fault.field, fault.message
    said = message.removeprefix(name) if message.startswith(name) else message
    return sentence(in_words(f"This{said}" if said.startswith(" ") else said.removeprefix(": ")))


def wrong_postcode(postcode: str, shop: Marketplace) -> str:
    """What is wrong with a postcode; empty if nothing is."""
    if not shop.active:
        return f"{shop.domain} delivers by city, so no postcode can be set."
    return "" if shop.postcode(postcode) else f"This is no postcode of {shop.domain}."


def _link(words: str, endpoint: str, **values: Any) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **values), words)


def not_started(report: NotStartedReport) -> str:
    """Why a run that was due could not be started, without a full stop."""
    tell = _NOT_STARTED.get(report["reason"])
    return tell() if tell else plain(report["message"])


def _no_credits() -> Markup:
    account = _link("Your account", "account.show")
    return Markup(
        "You have no credits left, and a run takes one for each product that it keeps. {} shows "
        "where they went; the operator grants more"
    ).format(account)


def _no_session() -> Markup:
    postcodes = _link("the page Postcodes", "postcodes.listed")
    return Markup(
        "The shop does not deliver to the postcode for us, or not any more: set it up or renew it "
        "on {}, then try again"
    ).format(postcodes)


def _cancelled(error: WasCancelled) -> Markup:
    asked = {name: error.request.fields.get(name) for name in ("category_url", "postcode")}
    crawl = _link("a new crawl", "new_crawl.form", **asked)
    return Markup("A cancelled collection cannot be run again: start {} of it").format(crawl)


def _run_open(error: RunOpen) -> Markup:
    collection = error.runner.collection
    words = f"A run of “{collection.name}”"
    run: str | Markup = words
    if collection.user == current_user().id:
        run = _link(words, "run.newest", collection_id=collection.id)
    return Markup("{} is open: cancel it first, or wait until it has ended").format(run)


def _spider_ending(error: SpiderEnding) -> str:
    name = error.runner.collection.name
    return f"The cancelled run of “{name}” is still ending: try again in some seconds"


def _other_suburb(error: OtherSuburb) -> str:
    suburb = error.suburb or "the first suburb that the shop offers"
    return (
        f"{error.postcode} is set up for {suburb}, and all users share it. To use it so, leave the "
        "suburb empty; for another suburb, every user has to delete it first"
    )


def _no_rows(error: NoRows) -> str:
    return "This run has kept no products" if error.is_empty else plain(str(error))


def _preview_waits(error: PreviewNotReady) -> str:
    if error.place is None:
        return "The preview is being made"
    return f"The preview waits for its turn, as number {error.place}"


def _http(error: HTTPException) -> str:
    return _OF_CODES.get(error.code or 500) or plain(problem_of(error).sentence)


def _not_started(_: Exception) -> str:
    return (
        "The service cannot start anything just now, and nothing was changed: try again later, or "
        "tell the operator"
    )


_INVALID_SCHEDULE = "The schedule is not valid any more: set it anew on the page of the newest run"
_NOT_STARTED: Mapping[str, Callable[[], str]] = {
    "no_credits": _no_credits,
    "no_session": _no_session,
    "invalid_schedule": lambda: _INVALID_SCHEDULE,
}
"""By the reason's code."""
_OF_CODES = {
    404: NOTHING_HERE,
    405: "This address takes no such form: go back, load the page again and send it from there",
    413: "What was sent is too large",
}
_SAID: Mapping[type[Exception], Callable[[Any], str]] = {
    NotYours: lambda _: "There is no such thing of yours. It may have been deleted",
    TooManyRequests: lambda e: f"Too much was asked for at once: try again in {e.seconds} s",
    NotEnoughCredits: lambda _: _no_credits(),
    SessionMissing: lambda _: _no_session(),
    HasItAlready: lambda e: f"You have {e.postcode} already",
    OtherSuburb: _other_suburb,
    ScrapydAway: _not_started,
    ScrapydRefused: _not_started,
    StillOpen: lambda _: "A run of this collection is open: wait until it has ended",
    WasCancelled: _cancelled,
    OvertakenByAnother: lambda _: "Another run of this collection has just been started",
    RunOpen: _run_open,
    SpiderEnding: _spider_ending,
    InvalidRecurrence: lambda _: _INVALID_SCHEDULE,
    NoRoom: lambda _: (
        "The disk of the service has no room to prepare this. JSON lines of the whole run need none"
    ),
    NotMade: lambda _: (
        "This could not be prepared. JSON lines of the whole run have the same products"
    ),
    NotReady: lambda e: f"This is still being prepared: try again in {e.seconds} s",
    NoRows: _no_rows,
    PreviewNotReady: _preview_waits,
    TooManyPreviews: lambda _: (
        f"{MOST_OPEN} of your previews are being made already: wait until one is ready"
    ),
    HTTPException: _http,
}
"""The first kind that fits an error tells it: subclasses stand before their bases."""
