"""Makes the blueprints of pages, and says who may see them."""

from collections.abc import Callable

from flask import Blueprint, Response, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from api.accounts.secret import hash_of
from api.rest.auth import current_user, limit
from api.rest.problem import ApiError
from api.services import services
from api.store.records import CredentialKind, Role
from api.web import failures
from api.web.policy import with_policy

csrf = CSRFProtect()
"""Checks that a form comes from one of our pages."""
_READS = ("GET", "HEAD", "OPTIONS")
_TOKEN = "token"  # noqa: S105 - the name of the cookie's field


def page(
    name: str, import_name: str, url_prefix: str = "", *, role: Role | None = None
) -> Blueprint:
    """A blueprint of pages for those who are signed in; for those with a role if one is named."""
    blueprint = public_page(name, import_name, url_prefix)
    blueprint.before_request(_sign_in_first)
    if role is not None:
        blueprint.before_request(_only(role))
    return blueprint


def public_page(name: str, import_name: str, url_prefix: str = "") -> Blueprint:
    """A blueprint of pages for everyone."""
    blueprint = Blueprint(name, import_name, url_prefix=url_prefix, template_folder="templates")
    blueprint.before_request(_check_form)
    blueprint.after_request(with_policy)
    failures.handle(blueprint)
    return blueprint


def sign_in(token: str) -> None:
    """Have the reader's browser keep a session token, in a cookie of its own."""
    session.clear()
    session.permanent = True
    session[_TOKEN] = token


def sign_out() -> None:
    """End the reader's session token, and have the browser forget it."""
    if token := session.get(_TOKEN):
        services().store.users.remove_token(hash_of(token))
    session.clear()


def is_signed_in() -> bool:
    """Whether the browser's token is good; then the reader is the current user."""
    if "credential" in g:
        return True
    token = session.get(_TOKEN)
    found = services().store.users.credential(hash_of(token)) if token else None
    if found is None or found.kind is not CredentialKind.TOKEN:
        return False
    g.credential = found
    return True


def own_path(wanted: str) -> str:
    """A path of this site that a form or an address names; empty if it leads elsewhere."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours else ""


def _sign_in_first() -> ResponseReturnValue | None:
    if is_signed_in():
        limit(hash_of(session[_TOKEN]))
        return None
    wanted = request.full_path.rstrip("?") if request.method in _READS else None
    where = url_for("sign_in.form", next=wanted)
    if "HX-Request" in request.headers:
        # htmx would follow a redirect and put the whole page into the part that it renews.
        return Response(status=401, headers={"HX-Redirect": url_for("sign_in.form")})
    return redirect(where)


def _only(role: Role) -> Callable[[], ResponseReturnValue | None]:
    def check() -> ResponseReturnValue | None:
        if current_user().role is role:
            return None
        raise ApiError(403, f"This page is only for users with the role “{role}”")

    return check


def _check_form() -> None:
    if request.method not in _READS:
        csrf.protect()
