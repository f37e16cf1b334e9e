"""The collections of the reader, newest first: how they stand, and what can be done with them."""

from hashlib import sha256

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.rest.auth import current_user
from api.rest.reports import latest, reports_of
from api.runners.attempts import folder_of
from api.runners.outcome import Step, outcome, steps
from api.services import services
from api.store.records import Runner
from api.store.stage import Stage
from api.web.page import own_path, page

blueprint = page("collections", __name__, "/collections")

_ON_A_PAGE = 25
_LARGEST = 2**31
_LONGEST_ID = 18
"""Digits that SQLite surely takes."""
_LONGEST_SEARCH = 200


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """One page of them; ``search``, ``state`` and ``skip`` choose which."""
    search = request.args.get("search", "").strip()[:_LONGEST_SEARCH]
    stage = Stage.named(request.args.get("state", ""))
    skip = min(request.args.get("skip", 0, type=int) or 0, _LARGEST)
    runners = services().store.runners
    words = search.split()
    find = (words, stage, _ON_A_PAGE, max(0, skip))
    user = current_user().id
    total, found = runners.search(user, *find) if words else runners.page(user, *find[1:])
    return render_template(
        "web/collections.html",
        **_shown(found),
        total=total,
        search=search,
        stage=stage,
        stages=[stage.value for stage in Stage],
        skip=max(0, skip),
        limit=_ON_A_PAGE,
        link=lambda to: url_for(
            "collections.listed", search=search or None, state=stage, skip=to or None
        ),
        back=request.full_path.rstrip("?"),
    )


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """The parts that change of those collections that were open when the page was made."""
    named = request.args.get("ids", "").split(",")[:_ON_A_PAGE]
    wanted = [int(word) for word in named if word.isdecimal() and len(word) <= _LONGEST_ID]
    store, user = services().store.runners, current_user().id
    newest = (store.newest(user, number) for number in wanted)
    found = [latest(runner) for runner in newest if runner is not None]
    response, version = Response(), _version(found)
    response.set_etag(version)
    response.cache_control.no_cache = True
    if not request.if_none_match.contains(version):
        shown = _shown(found) | {"version": version, "back": own_path(request.args.get("back", ""))}
        response.set_data(render_template("web/collections_live.html", **shown))
    return make_response(response.make_conditional(request))


def _shown(runners: list[Runner]) -> dict[str, object]:
    """What the templates need of some runners."""
    now = [latest(runner) for runner in runners]
    items = [
        {"report": report, "steps": steps(runner, is_newest=True), "outcome": outcome(report)}
        for runner, report in zip(now, reports_of(now), strict=True)
    ]
    is_open = {Stage.QUEUED, Stage.SCRAPING}
    open_ids = [one.collection.id for one in now if one.stage in is_open]
    return {"items": items, "open_ids": open_ids, "Step": Step}


def _version(runners: list[Runner]) -> str:
    """Another text whenever something has changed that is shown of them."""
    jobs = services().jobs
    facts = [
        (one.id, one.stage, one.is_stopping, jobs.queue_position(one), folder_of(one).version)
        for one in runners
    ]
    text = repr((facts, request.args.get("back"), request.headers.get("Accept-Language")))
    return sha256(text.encode()).hexdigest()[:24]
