"""One's account: password, API key, webhook secret, credits, mails."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.notices.webhook import signing_secret
from api.rest.auth import current_user
from api.services import services
from api.web.page import page, sign_in

_RUNS_SHOWN = 20

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
        return _shown(fault="The two passwords differ.", code=400)
    try:
        token = services().accounts.change_password(current_user().id, password)
    except ValueError as error:
        return _shown(fault=f"{str(error).capitalize()}.", code=400)
    sign_in(token)
    flash("The password is changed; you are signed out everywhere else.")
    return redirect(url_for("account.show"))


def _shown(
    code: int = 200, key: str = "", secret: str = "", fault: str = ""
) -> ResponseReturnValue:
    shown = render_template(
        "web/account.html",
        user=current_user(),
        credits=services().store.credits.of(current_user().id),
        spent=services().store.credits.spent(current_user().id, _RUNS_SHOWN),
        key=key,
        secret=secret,
        fault=fault,
    )
    return shown, code
