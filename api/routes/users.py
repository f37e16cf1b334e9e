"""One's own account: login, logout, credits, settings, API key."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from api.accounts.logins import LoginRefused, LoginTooSoon
from api.rest.auth import current_credential, current_user
from api.rest.operation import operation
from api.rest.problem import ApiError
from api.rest.schemas import Credits, LoggedIn, LoggedOut, Login, NewKey, NoBody
from api.rest.user_schemas import ChangeSettings, UserSettings
from api.services import services
from api.store.records import CredentialKind

blueprint = Blueprint("users", __name__, url_prefix="/users")


@operation(blueprint, "/login/", body=Login, data=LoggedIn, errors=(401,), secured=False)
def login(body: Login) -> dict[str, Any]:
    """Get a session token for an e-mail address and its password.

    It is as good as the API key, until it expires or is logged out. After several failures the
    next try has to wait, each time twice as long.
    """
    try:
        token, user = services().accounts.login(
            body.email, body.password, request.remote_addr or ""
        )
    except LoginTooSoon as error:
        said = f"Too many logins have failed: try again in {error.seconds} s"
        raise ApiError(429, said, retry_after=error.seconds) from None
    except LoginRefused:
        raise ApiError(401, "E-mail address and password do not belong together") from None
    return {"token": token, "user": {"id": user.id, "name": user.name, "email": user.email}}


@operation(blueprint, "/logout/", data=LoggedOut, errors=(403,))
def logout(_body: NoBody) -> dict[str, Any]:
    """End the session token that this call is made with."""
    credential = current_credential()
    if credential.kind is not CredentialKind.TOKEN:
        raise ApiError(
            403, "logout ends a token, and this is an API key: /users/api-key/regenerate/ ends it"
        )
    services().store.users.remove_token(credential.hash)
    return {"logged_out": True}


@operation(blueprint, "/credits/", data=Credits)
def credits_left(_body: NoBody) -> dict[str, Any]:
    """Say how many credits were granted, used and frozen, and how many can be spent.

    A run takes one credit for each product kept, also where it fails or is cancelled; while it
    goes on they are frozen. null is without limit.
    """
    return asdict(services().store.credits.of(current_user().id))


@operation(blueprint, "/settings/", body=ChangeSettings, data=UserSettings)
def change_settings(body: ChangeSettings) -> dict[str, Any]:
    """Change one's own settings, and say what they are now.

    `{}` changes nothing. Without `mail_on_cancel` no mail is sent when you cancel a run yourself;
    one that the operator cancels is told as before, and the webhook is called for both.
    """
    user = current_user()
    if body.mail_on_cancel is None:
        return {"mail_on_cancel": user.mail_on_cancel}
    services().store.users.set_mail_on_cancel(user.id, wanted=body.mail_on_cancel)
    return {"mail_on_cancel": body.mail_on_cancel}


@operation(blueprint, "/api-key/regenerate/", data=NewKey)
def regenerate_key(_body: NoBody) -> dict[str, Any]:
    """Get a new API key; the old one stops at once."""
    return {"api_key": services().accounts.new_key(current_user().id)}
