"""The page "New crawl": an address becomes a crawl, with a look at it before."""

import secrets
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.alerts.rules import rules_text
from api.rest.auth import current_user
from api.rest.idempotency import once_of_form
from api.rest.problem import Problem
from api.rest.starting import start
from api.runners.previews import Preview, PreviewNotReady
from api.services import services
from api.store.records import DeliverySession, SessionStatus
from api.web.crawl_form import CrawlForm, understood
from api.web.page import page
from api.web.poll import polled
from api.web.problems import sentence_of, shown_problem
from api.web.way_back import is_opened_by_hand
from category_crawler.domain_config import Filter, Marketplace
from category_crawler.errors import SessionMissing
from category_crawler.filter_names import filter_name

_EXPIRED = SessionStatus.INACTIVE
_FILTERS = {
    Filter.PRIME_SHIPS_FROM_AU.value: "Prime, ships from Australia",
    Filter.DELIVERY_DAY.value: "Delivered in time",
    Filter.PRICE.value: "Price",
}


_LONGEST_ADDRESS = 6000
"""Characters of an address of the form, filled in, that servers and browsers surely take."""


def _way_back() -> str:
    """The address of the form, filled in as it was sent; empty where it would be too long."""
    filled_in = _address(CrawlForm.read(request.form, whole=False))
    return filled_in if len(filled_in) <= _LONGEST_ADDRESS else url_for("new_crawl.form")


blueprint = page("new_crawl", __name__, "/new", way_back=_way_back)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the delivery session of a place stands."""

    shop: Marketplace
    postcode: str
    session: DeliverySession | None
    """As it is recorded; None if the operator brought it in, or there is none."""
    is_usable: bool

    @property
    def is_being_made(self) -> bool:
        return self.session is not None and self.session.status.is_open

    @property
    def suburbs(self) -> list[str]:
        """The suburbs to choose from; empty if there is nothing to choose."""
        offered = self.session.suburbs if self.session else []
        return offered if len(offered) > 1 else []

    @property
    def why(self) -> str:
        """Why it cannot be used; empty if it can, or there is none yet."""
        status = self.session.status if self.session else None
        if self.session and status is SessionStatus.FAILED:
            return self.session.failed_message or "It could not be set up"
        return "The shop does not deliver there any more" if status is _EXPIRED else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """How the preview of a form stands."""

    preview: Preview | None = None
    waits: str = ""
    """How it stands while it is being made."""


@blueprint.get("/")
def form() -> ResponseReturnValue:
    """The form, filled in as the address says; with `preview`, what that shows."""
    wants_preview = "preview" in request.args
    return _page(CrawlForm.read(request.args, whole=wants_preview), wants_preview=wants_preview)


@blueprint.post("/")
def begin() -> ResponseReturnValue:
    """Start the crawl, and lead to its run."""
    asked = CrawlForm.read(request.form, whole=True)
    if asked.body is None:
        return _page(asked, code=400)
    once = once_of_form(_key(), asked.typed)
    try:
        answer = start(asked.body, once)
    except SessionMissing:
        return _without_session(asked)
    except Exception as error:
        return _refused(asked, shown_problem(error))
    if asked.rules:
        services().store.alerts.set_rules(answer.collection, rules_text(asked.rules))
    for warning in answer.warnings:
        flash(f"{warning}.")
    run = url_for("run.show", collection_id=answer.collection, runner_id=answer.runner)
    return redirect(run, 303)


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """Lead to the form's own address, which says what was understood."""
    return _to_form(CrawlForm.read(request.form, whole=False))


@blueprint.post("/understood")
def show_understood() -> ResponseReturnValue:
    """The part of the form that depends on the address."""
    asked = CrawlForm.read(request.form, whole=False)
    return render_template("web/new_crawl/of_shop.html", **_values(asked))


@blueprint.post("/delivery")
def show_delivery() -> ResponseReturnValue:
    """The part of the form that depends on the postcode."""
    asked = CrawlForm.read(request.form, whole=False)
    return render_template("web/new_crawl/delivery.html", **_values(asked))


@blueprint.get("/delivery")
def poll_delivery() -> Response:
    """The same, as the page asks for it while the delivery session is made."""
    values = _values(CrawlForm.read(request.args, whole=False))
    return polled(
        lambda: render_template("web/new_crawl/delivery.html", **values), values["delivery"]
    )


@blueprint.post("/session")
def make_session() -> ResponseReturnValue:
    """Make the delivery session of the postcode, or make it again."""
    asked = CrawlForm.read(request.form, whole=False)
    problem = None
    if asked.place is not None:
        suburb = asked.typed["suburb"] or None
        try:
            services().sessions.make(current_user().id, *asked.place, suburb)
        except Exception as error:
            problem = shown_problem(error)
    if "HX-Request" in request.headers:
        values = _values(asked) | {"delivery_fault": problem.sentence if problem else ""}
        return render_template("web/new_crawl/delivery.html", **values)
    return _refused(asked, problem) if problem else _to_form(asked, part="delivery")


@blueprint.post("/preview")
def begin_preview() -> ResponseReturnValue:
    """Start the preview, and lead to the form that shows it."""
    asked = CrawlForm.read(request.form, whole=True)
    if asked.body is None:
        return _page(asked, code=400)
    try:
        services().previews.of(current_user().id, asked.body)
    except PreviewNotReady:
        pass
    except SessionMissing:
        return _without_session(asked)
    except Exception as error:
        return _refused(asked, shown_problem(error))
    return _to_form(asked, part="preview", preview="1")


@blueprint.get("/preview")
def show_preview() -> ResponseReturnValue:
    """The part of the page that shows the preview."""
    asked = CrawlForm.read(request.args, whole=True)
    if is_opened_by_hand():
        return _to_form(asked, preview="1")
    shown = _preview_of(asked)
    return polled(
        lambda: render_template("web/new_crawl/preview.html", **_shown(asked, shown)), shown
    )


def _page(
    asked: CrawlForm,
    *,
    code: int = 200,
    problem: Problem | None = None,
    wants_preview: bool = False,
) -> ResponseReturnValue:
    shown = render_template(
        "web/new_crawl.html",
        **_values(asked),
        **_shown(asked, _preview_of(asked) if wants_preview else Shown()),
        problem=problem,
        is_refused=code == 400 and problem is None,
        key=_key(),
    )
    return shown, code


def _refused(asked: CrawlForm, problem: Problem) -> ResponseReturnValue:
    """The form again, with what kept it from being carried out."""
    faults = {fault.field: sentence_of(fault) for fault in problem.faults}
    known = {name: said for name, said in faults.items() if name in asked.typed}
    again = replace(asked, faults={**asked.faults, **known})
    return _page(again, code=problem.code, problem=None if known else problem)


def _without_session(asked: CrawlForm) -> ResponseReturnValue:
    said = "The shop does not deliver there for us yet: set it up below."
    return _page(replace(asked, faults={**asked.faults, "postcode": said}), code=400)


def _to_form(asked: CrawlForm, part: str = "", **more: str) -> ResponseReturnValue:
    return redirect(f"{_address(asked, **more)}{'#' * bool(part)}{part}", 303)


def _address(asked: CrawlForm, **more: str) -> str:
    """The address of the form, filled in."""
    return f"{url_for('new_crawl.form')}?{urlencode(asked.filled_in | more)}"


def _values(asked: CrawlForm) -> dict[str, Any]:
    """What the templates of the form need."""
    return {
        "asked": asked,
        "typed": asked.typed,
        "faults": asked.faults,
        "understood": understood(asked.listing) if asked.listing else [],
        "filters": asked.shop.filters if asked.shop else frozenset[Filter](),
        "delivery": _delivery(asked),
        "delivery_fault": "",
    }


def _delivery(asked: CrawlForm) -> Delivery | None:
    """How the session of the typed place stands; None without one."""
    if asked.place is None:
        return None
    shop, postcode = asked.place
    sessions = services().sessions
    session = sessions.seen(shop, postcode)
    try:
        sessions.check(shop, postcode)
    except SessionMissing:
        return Delivery(shop, postcode, session, is_usable=False)
    return Delivery(shop, postcode, session, is_usable=True)


def _preview_of(asked: CrawlForm) -> Shown:
    if asked.body is None:
        return Shown()
    try:
        return Shown(services().previews.find(current_user().id, asked.body))
    except PreviewNotReady as error:
        return Shown(waits=shown_problem(error).sentence)


def _shown(asked: CrawlForm, shown: Shown) -> dict[str, Any]:
    """What the template of the preview needs."""
    return {"shown": shown, "query": asked.filled_in, "filter_words": _filter_words}


def _filter_words(name: str) -> str:
    """A filter that the shop did not name, by the name that a preview has for it."""
    code, _, value = name.partition(":")
    return _FILTERS.get(name) or filter_name(code, value)


def _key() -> str:
    """The form's own key, under which it is carried out once however often it is sent."""
    return request.form.get("once") or secrets.token_urlsafe(16)
