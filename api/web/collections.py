"""The collections of the reader, newest first: how they stand, and what can be done with them."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.rest.auth import current_user
from api.rest.reports import facts_of, latest, reports_of
from api.runners.outcome import Step, steps, why_failed
from api.services import services
from api.store.records import Runner
from api.store.stage import Stage
from api.web.page import own_path, page
from api.web.poll import polled
from api.web.way_back import part

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
        **_shown([*map(latest, found)]),
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
@part
def live() -> ResponseReturnValue:
    """The parts that change of those collections that were open when the page was made."""
    named = request.args.get("ids", "").split(",")[:_ON_A_PAGE]
    wanted = [int(word) for word in named if word.isdecimal() and len(word) <= _LONGEST_ID]
    store, user = services().store.runners, current_user().id
    newest = (store.newest(user, number) for number in wanted)
    found = [latest(runner) for runner in newest if runner is not None]
    back = own_path(request.args.get("back", ""))
    return polled(
        lambda: render_template("web/collections_live.html", **_shown(found), back=back),
        *(facts_of(runner) for runner in found),
    )


def _shown(runners: list[Runner]) -> dict[str, object]:
    """What the templates need of some runners, which are as they are now."""
    items = [
        {
            "report": report,
            "steps": [] if runner.is_stopping else steps(runner, is_newest=True),
            "is_stopping": runner.is_stopping,
            "why": why_failed(report),
        }
        for runner, report in zip(runners, reports_of(runners), strict=True)
    ]
    open_ids = [one.collection.id for one in runners if not one.is_over]
    return {"items": items, "open_ids": open_ids, "Step": Step}
