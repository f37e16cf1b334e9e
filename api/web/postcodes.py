"""One's postcodes: the delivery sessions, how they stand, and which collections use them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.delivery_sessions import Check, Conflict
from api.rest.auth import current_user
from api.rest.ownership import own_zipcode
from api.services import services
from api.store.records import Collection, Zipcode
from api.web.page import page
from api.web.poll import polled
from api.web.problems import shown_problem, wrong_postcode
from api.web.way_back import part
from category_crawler.domain_config import DOMAINS

blueprint = page("postcodes", __name__, "/postcodes")

_MOST_NAMED = 5
_LONGEST_SUBURB = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A postcode as its table shows it."""

    zipcode: Zipcode
    check: Check | None
    users: list[Collection]
    """The newest of the reader's collections that are seen from it."""
    users_total: int

    @property
    def is_changing(self) -> bool:
        """Whether its state is about to change by itself."""
        is_being_checked = self.check is not None and self.check.verdict is None
        return self.zipcode.session.status.is_open or is_being_checked


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """All of one's postcodes, and a form for a new one."""
    return _shown({})


@blueprint.get("/table")
@part
def table() -> ResponseReturnValue:
    """The table alone, as the page asks for it while something changes."""
    rows = _rows()
    return polled(lambda: render_template("web/postcodes_table.html", rows=rows), rows)


@blueprint.post("/")
def create() -> ResponseReturnValue:
    """Request a session; a browser makes it."""
    domain, postcode = request.form.get("domain", ""), request.form.get("postcode", "").strip()
    suburb = request.form.get("suburb", "").strip()
    shop = DOMAINS.get(domain)
    if shop is None or not shop.active:
        return _shown({"domain": "Choose one of these shops."})
    code = shop.postcode(postcode)
    if code is None:
        return _shown({"postcode": wrong_postcode(postcode, shop)})
    if len(suburb) > _LONGEST_SUBURB:
        return _shown({"suburb": f"At most {_LONGEST_SUBURB} characters."})
    try:
        services().sessions.create(current_user().id, shop, code, suburb or None)
    except Conflict as error:
        return _shown({"postcode": f"{shown_problem(error).sentence}."}, 409)
    flash(f"{code} is being made ready: it takes some seconds.")
    return redirect(url_for("postcodes.listed"))


@blueprint.post("/<int:number>/check")
def check(number: int) -> ResponseReturnValue:
    """Ask the shop whether it still delivers there."""
    zipcode = services().sessions.refresh(own_zipcode(number))
    services().sessions.start_check(zipcode.session)
    flash(f"The shop is asked about {zipcode.session.postcode}.")
    return redirect(url_for("postcodes.listed"))


@blueprint.post("/<int:number>/renew")
def renew(number: int) -> ResponseReturnValue:
    """Make the session anew; the one in use stays until then."""
    zipcode = services().sessions.renew(services().sessions.refresh(own_zipcode(number)))
    flash(f"{zipcode.session.postcode} is being renewed.")
    return redirect(url_for("postcodes.listed"))


@blueprint.post("/<int:number>/delete")
def delete(number: int) -> ResponseReturnValue:
    """Give the postcode up."""
    zipcode = own_zipcode(number)
    services().sessions.delete(zipcode)
    flash(f"{zipcode.session.postcode} is deleted.")
    return redirect(url_for("postcodes.listed"))


def _shown(faults: Mapping[str, str], code: int = 400) -> ResponseReturnValue:
    shown = render_template(
        "web/postcodes.html",
        rows=_rows(),
        shops=[shop for shop in DOMAINS.values() if shop.active],
        faults=faults,
    )
    return shown, code if faults else 200


def _rows() -> list[Row]:
    return [_row(one) for one in services().store.sessions.zipcodes(current_user().id)]


def _row(zipcode: Zipcode) -> Row:
    sessions, session = services().sessions, zipcode.session
    check = sessions.check_of(sessions.refresh(zipcode).session)
    place = (current_user().id, session.domain, session.postcode)
    total, users = services().store.runners.seen_from(*place, _MOST_NAMED)
    # The check's result may have changed its state.
    return Row(sessions.refresh(zipcode), check, users, total)
