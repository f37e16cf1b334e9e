"""What users and operators did, for the operator, newest first."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.services import services
from api.store.audit import Deed, Origin
from api.store.records import Role
from api.web.page import page

blueprint = page("operator_audit", __name__, "/operator/audit", role=Role.OPERATOR)

_ON_A_PAGE = 100
_LARGEST = 2**62
_LONGEST = 320
_ORIGINS = {Origin.API: "a program", Origin.PAGE: "a page", Origin.COMMAND: "the command line"}


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """Some of it; ``who`` and ``before``, a number, choose which."""
    who = request.args.get("who", "").strip()[:_LONGEST]
    before = min(request.args.get("before", _LARGEST, type=int), _LARGEST)
    found = services().store.audit.latest(_ON_A_PAGE, before=before, who=who or None)
    more = found[-1].id if len(found) == _ON_A_PAGE else None
    return render_template(
        "web/operator_audit.html",
        rows=[(deed, _ORIGINS[deed.origin], _outcome(deed)) for deed in found],
        who=who,
        days=services().settings.audit_days,
        older=url_for("operator_audit.listed", who=who or None, before=more) if more else "",
    )


def _outcome(deed: Deed) -> str:
    return deed.outcome or "cut off: the service stopped meanwhile"
