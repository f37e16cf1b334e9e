"""Users, for the operator: add them, grant credits, make links, disable, enable."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.accounts.removal import remove_user
from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.services import services
from api.store.records import Role, User
from api.web.page import page
from api.web.words import sentence

blueprint = page("operator_users", __name__, "/operator/users", role=Role.OPERATOR)

_MOST_CREDITS = 10**12
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
    remove_user(services().store, services().sessions, user)
    flash(f"{user.email} is deleted, with all runs and files.")
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
    rows = [(user, store.credits.of(user.id)) for user in store.users.all()]
    return render_template("web/operator_users.html", rows=rows, fault=fault), code


def _shown(
    user: User, key: str = "", link: str = "", fault: str = "", code: int = 200
) -> ResponseReturnValue:
    shown = render_template(
        "web/operator_user.html",
        user=user,
        credits=services().store.credits.of(user.id),
        is_self=user.id == current_user().id,
        key=key,
        link=link,
        fault=fault,
    )
    return shown, code
