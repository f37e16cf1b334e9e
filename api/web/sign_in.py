"""Signing in: with a password, or by a link that works once; the first user; signing out."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.accounts.logins import InvalidAddress, LinkRefused, LoginRefused, LoginTooSoon
from api.rest.auth import limit_address
from api.rest.problem import ApiError
from api.services import services
from api.web.page import is_signed_in, own_path, public_page, sign_in, sign_out

blueprint = public_page("sign_in", __name__)
blueprint.before_request(limit_address)

_WRONG = "Wrong e-mail address or password."
_OLD_LINK = (
    "This link has been used, has expired, or is not complete. Sign in with your password, or ask "
    "the operator for another"
)


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    """Ask for e-mail address and password."""
    if is_signed_in():
        return redirect(_next())
    return _shown("", "", 200)


@blueprint.post("/sign-in")
def check() -> ResponseReturnValue:
    """Sign in with e-mail address and password."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    try:
        token, _user = services().accounts.login(email, password, request.remote_addr or "")
    except LoginTooSoon as error:
        return _shown(email, f"Too many logins have failed: try again in {error.seconds} s.", 429)
    except LoginRefused:
        return _shown(email, _WRONG, 401)
    sign_in(token)
    return redirect(_next())


@blueprint.get("/sign-in/<secret>")
def by_link(secret: str) -> ResponseReturnValue:
    """Sign in by a link; one for the first user asks who that is."""
    accounts = services().accounts
    if accounts.makes_first_user(secret):
        return render_template("web/first_user.html", email="", faults={})
    # A program that only looks at the link's head does not use it up.
    if request.method == "HEAD":
        return ""
    try:
        sign_in(accounts.login_by_link(secret), by_link=True)
    except LinkRefused:
        if not is_signed_in():
            raise ApiError(410, _OLD_LINK) from None
    return redirect(_next())


@blueprint.post("/sign-in/<secret>")
def first_user(secret: str) -> ResponseReturnValue:
    """Make the first user, and sign in as that one."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    faults = {}
    try:
        sign_in(services().accounts.make_first_user(secret, email, password))
        flash("You are signed in. This user is the operator and may add others.")
        return redirect(_next())
    except LinkRefused:
        raise ApiError(410, _OLD_LINK) from None
    except InvalidAddress:
        faults["email"] = "Write an e-mail address such as you@example.org."
    except ValueError as error:
        faults["password"] = f"{str(error).capitalize()}."
    return render_template("web/first_user.html", email=email, faults=faults), 400


@blueprint.post("/sign-out")
def leave() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(url_for("sign_in.form"))


def _shown(email: str, fault: str, code: int) -> ResponseReturnValue:
    shown = render_template(
        "web/sign_in.html",
        next=_next(),
        email=email,
        fault=fault,
        is_anybody=services().store.users.is_any(),
    )
    return shown, code


def _next() -> str:
    """The page that was asked for before signing in, if it is one of ours."""
    return own_path(request.values.get("next", "")) or url_for("start.start")
