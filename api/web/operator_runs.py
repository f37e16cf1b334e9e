"""All runs of all users, for the operator, newest first."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.rest.reports import latest, report_of
from api.runners.attempts import job_name
from api.runners.outcome import outcome
from api.services import services
from api.store.records import Role
from api.store.stage import Stage
from api.web.page import page

blueprint = page("operator_runs", __name__, "/operator/runs", role=Role.OPERATOR)

_ON_A_PAGE = 50
_LARGEST = 2**62


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """Some of them; ``state`` and ``before``, a runner's number, choose which."""
    stage = Stage.named(request.args.get("state", ""))
    before = min(request.args.get("before", _LARGEST, type=int), _LARGEST)
    store = services().store
    found = [latest(one) for one in store.runners.recent(stage, before, _ON_A_PAGE)]
    reports = [report_of(one) for one in found]
    more = found[-1].id if len(found) == _ON_A_PAGE else None
    return render_template(
        "web/operator_runs.html",
        rows=[
            {"report": report, "runner": one, "job": job_name(one), "outcome": outcome(report)}
            for one, report in zip(found, reports, strict=True)
        ],
        owners={user.id: user for user in store.users.all()},
        stage=stage,
        stages=[*Stage],
        older=url_for("operator_runs.listed", state=stage, before=more) if more else "",
    )
