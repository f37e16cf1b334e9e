"""Users, for the operator: add them, grant credits, set limits, make links, disable, enable."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.accounts.removal import remove_user
from api.priorities import PRIORITIES
from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.services import services
from api.store.limits import OwnLimits
from api.store.records import Role, User
from api.web.page import page
from api.web.words import sentence

blueprint = page("operator_users", __name__, "/operator/users", role=Role.OPERATOR)

_MOST_CREDITS = 10**12
_NUMBERS = ("running", "products_a_day")
_LIMIT = re.compile(r"[0-9]{1,12}", re.ASCII)
_NONE: Mapping[str, str] = MappingProxyType({})
_YOURSELF = "This is your own account: another operator has to do that"


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """All users, and a form for a new one."""
    return _listed()


@blueprint.post("/")
def create() -> ResponseReturnValue:
    """Add a user; the key and a link to sign in are shown this once."""
    email = request.form.get("email", "").strip()
    try:
        user, key = services().accounts.add_user(email, request.form.get("name", ""))
    except ValueError as error:
        return _listed(sentence(str(error)), 400)
    return _shown(user, key=key, link=_link(user))


@blueprint.get("/<int:number>/")
def show(number: int) -> ResponseReturnValue:
    """One user, and what can be done about that one."""
    return _shown(_user(number))


@blueprint.post("/<int:number>/link")
def link(number: int) -> ResponseReturnValue:
    """Make a link that signs the user in once."""
    user = _user(number)
    if not user.is_active:
        raise ApiError(409, f"{user.email} is disabled: enable that user first")
    return _shown(user, link=_link(user))


@blueprint.post("/<int:number>/credits")
def grant(number: int) -> ResponseReturnValue:
    """Grant credits, or take some back; or remove the limit."""
    user, credit = _user(number), services().store.credits
    if "unlimited" in request.form:
        credit.grant_without_limit(user.id)
    elif (wanted := _whole(request.form.get("number", ""))) is None:
        fault = f"It must be a whole number up to {_MOST_CREDITS:,}, below zero to take back."
        return _shown(user, fault=fault, code=400)
    else:
        before = credit.of(user.id).spendable
        credit.grant(user.id, wanted)
        if wanted < 0 and credit.of(user.id).spendable == before:
            return _shown(user, fault="There are no unused credits to take back.", code=400)
    flash("The credits are changed.")
    return redirect(url_for("operator_users.show", number=user.id))


@blueprint.post("/<int:number>/limits")
def limit(number: int) -> ResponseReturnValue:
    """Set a user's limits; an empty field is what holds for all users."""
    user = _user(number)
    typed = {name: request.form.get(name, "").strip() for name in OwnLimits.__dataclass_fields__}
    wrong = [one for one in _NUMBERS if typed[one] and not _LIMIT.fullmatch(typed[one])]
    if wrong or typed["priority"] not in ("", *PRIORITIES):
        faults = dict.fromkeys(wrong, "It must be a whole number from 0 on, or empty.")
        return _shown(user, typed=typed, faults=faults, code=400)
    numbers = [int(typed[one]) if typed[one] else None for one in _NUMBERS]
    limits = OwnLimits(numbers[0], typed["priority"] or None, numbers[1])
    services().store.limits.put(user.id, limits)
    flash("The limits are changed; runs that have begun keep theirs.")
    return redirect(url_for("operator_users.show", number=user.id))


@blueprint.post("/<int:number>/active")
def set_active(number: int) -> ResponseReturnValue:
    """Disable a user, or let that user in again."""
    user, active = _other(number), "enable" in request.form
    services().store.users.set_active(user.id, active=active)
    flash(f"{user.email} is let in again." if active else f"{user.email} is disabled.")
    return redirect(url_for("operator_users.show", number=user.id))


@blueprint.post("/<int:number>/delete")
def delete(number: int) -> ResponseReturnValue:
    """Delete a disabled user, with everything that belongs to that user."""
    user = _other(number)
    removed = remove_user(services().store, services().sessions, user)
    flash(f"{user.email} is deleted, with all runs and files: {removed}.")
    return redirect(url_for("operator_users.listed"))


@blueprint.post("/<int:number>/role")
def set_role(number: int) -> ResponseReturnValue:
    """Make a user an operator, or an operator a user."""
    user = _other(number)
    try:
        services().store.users.set_role(user.id, Role(request.form.get("role", "")))
    except ValueError:
        raise ApiError(400, "There is no such role") from None
    flash("The role is changed.")
    return redirect(url_for("operator_users.show", number=user.id))


def _user(number: int) -> User:
    user = services().store.users.get(number)
    if user is None:
        raise ApiError(404, f"There is no user {number}")
    return user


def _other(number: int) -> User:
    """A user who is not the reader, who could otherwise not get in any more."""
    user = _user(number)
    if user.id == current_user().id:
        raise ApiError(409, _YOURSELF)
    return user


def _link(user: User) -> str:
    accounts = services().accounts
    return accounts.address_of(accounts.new_link(user.id))


def _whole(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if abs(number) <= _MOST_CREDITS else None


def _listed(fault: str = "", code: int = 200) -> ResponseReturnValue:
    store = services().store
    rows = [
        (user, store.credits.of(user.id), store.limits.of(user.id)) for user in store.users.all()
    ]
    return render_template("web/operator_users.html", rows=rows, fault=fault), code


def _shown(
    user: User,
    key: str = "",
    link: str = "",
    fault: str = "",
    code: int = 200,
    typed: Mapping[str, str] = _NONE,
    faults: Mapping[str, str] = _NONE,
) -> ResponseReturnValue:
    limits = services().store.limits
    shown = render_template(
        "web/operator_user.html",
        user=user,
        credits=services().store.credits.of(user.id),
        is_self=user.id == current_user().id,
        key=key,
        link=link,
        fault=fault,
        limits=limits.of(user.id),
        use=limits.use(user.id),
        priorities=[*PRIORITIES],
        typed=typed or asdict(limits.own(user.id)),
        faults=faults,
    )
    return shown, code
