"""One's account: password, API key, webhook secret, credits, mails."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.accounts.logins import LoginRefused, LoginTooSoon
from api.notices.webhook import signing_secret
from api.rest.auth import current_user
from api.services import services
from api.web.page import is_by_link, page, sign_in

_RUNS_SHOWN = 20
_NONE: Mapping[str, str] = MappingProxyType({})

blueprint = page("account", __name__, "/account")


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """The account as it stands."""
    return _shown()


@blueprint.post("/key")
def new_key() -> ResponseReturnValue:
    """Make a new API key, and show it this once."""
    return _shown(key=services().accounts.new_key(current_user().id))


@blueprint.post("/secret")
def show_secret() -> ResponseReturnValue:
    """Show the secret that calls to one's webhooks are signed with."""
    return _shown(secret=signing_secret(current_user().id))


@blueprint.post("/mails")
def change_mails() -> ResponseReturnValue:
    """Choose which mails are sent."""
    wanted = "mail_on_cancel" in request.form
    services().store.users.set_mail_on_cancel(current_user().id, wanted=wanted)
    flash("Saved.")
    return redirect(url_for("account.show"))


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Set a new password; it ends every other login."""
    password, again = request.form.get("password", ""), request.form.get("again", "")
    if password != again:
        return _shown({"password": "The two passwords differ."}, 400)
    try:
        if _has_to_know_password():
            present, address = request.form.get("present", ""), request.remote_addr or ""
            services().accounts.check_password(current_user().email, present, address)
        token = services().accounts.change_password(current_user().id, password)
    except ValueError as error:
        return _shown({"password": f"{str(error).capitalize()}."}, 400)
    except LoginRefused:
        return _shown({"present": "This is not your present password."}, 400)
    except LoginTooSoon as error:
        return _shown({"present": f"Too many were wrong: try again in {error.seconds} s."}, 429)
    sign_in(token)
    flash("The password is changed; you are signed out everywhere else.")
    return redirect(url_for("account.show"))


def _has_to_know_password() -> bool:
    """Whether a new password asks for the present one: who came by a link may have forgotten it."""
    return current_user().password_hash is not None and not is_by_link()


def _shown(
    faults: Mapping[str, str] = _NONE, code: int = 200, *, key: str = "", secret: str = ""
) -> ResponseReturnValue:
    credit, user = services().store.credits, current_user().id
    own, spent = credit.of(user), credit.spent(user, _RUNS_SHOWN)
    deleted = credit.spent_on_deleted(user)
    shown = render_template(
        "web/account.html",
        user=current_user(),
        credits=own,
        limits=services().store.limits.of(user),
        use=services().store.limits.use(user),
        spent=spent,
        of_earlier=own.used_credits - deleted - sum(one.charged for one in spent),
        of_deleted=deleted,
        key=key,
        secret=secret,
        faults=faults,
        has_to_know_password=_has_to_know_password(),
    )
    return shown, code
