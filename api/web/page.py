"""Makes the blueprints of pages, and says who may see them."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from api.accounts.secret import hash_of
from api.rest.auth import current_user, limit
from api.rest.problem import ApiError
from api.services import services
from api.store.records import CredentialKind, Role
from api.web import failures
from api.web.policy import with_policy
from api.web.way_back import page_of

csrf = CSRFProtect()
"""Checks that a form comes from one of our pages."""
_READS = ("GET", "HEAD", "OPTIONS")
_QUESTION = "ask"
"""The field of a form with what is to be asked before it is carried out."""
_OF_THE_FORM = (_QUESTION, "csrf_token")
_BY_LINK = "by_link"
_TOKEN = "token"  # noqa: S105 - the name of the cookie's field


def page(
    name: str,
    import_name: str,
    url_prefix: str = "",
    *,
    role: Role | None = None,
    way_back: Callable[[], str] = lambda: page_of(request.path),
) -> Blueprint:
    """A blueprint of pages for those who are signed in; for those with a role if one is named.

    ``way_back`` makes the address of the page that a form is on, as it was filled in.
    """
    blueprint = _blueprint(name, import_name, url_prefix)
    # First: of a cookie that is gone, the proof of its forms is gone, too.
    blueprint.before_request(partial(_sign_in_first, way_back))
    blueprint.before_request(_check_form)
    blueprint.before_request(_ask)
    if role is not None:
        blueprint.before_request(_only(role))
    return blueprint


def public_page(name: str, import_name: str, url_prefix: str = "") -> Blueprint:
    """A blueprint of pages for everyone."""
    blueprint = _blueprint(name, import_name, url_prefix)
    blueprint.before_request(_check_form)
    blueprint.before_request(_ask)
    return blueprint


def _blueprint(name: str, import_name: str, url_prefix: str) -> Blueprint:
    blueprint = Blueprint(name, import_name, url_prefix=url_prefix, template_folder="templates")
    blueprint.after_request(with_policy)
    failures.handle(blueprint)
    return blueprint


def sign_in(token: str, *, by_link: bool = False) -> None:
    """Have the reader's browser keep a session token, in a cookie of its own.

    Who comes ``by_link`` may have forgotten the password, and may set another without it.
    """
    session.clear()
    session.permanent = True
    session[_TOKEN] = token
    if by_link:
        session[_BY_LINK] = True


def is_by_link() -> bool:
    """Whether the reader has signed in by a link."""
    return _BY_LINK in session


def sign_out() -> None:
    """End the reader's session token, and have the browser forget it."""
    if is_signed_in():
        services().store.users.remove_token(hash_of(session[_TOKEN]))
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


def _sign_in_first(way_back: Callable[[], str]) -> ResponseReturnValue | None:
    if is_signed_in():
        limit(hash_of(session[_TOKEN]))
        return None
    wanted = request.full_path.rstrip("?") if request.method in _READS else way_back()
    where = url_for("sign_in.form", next=wanted)
    if "HX-Request" in request.headers:
        # htmx would follow a redirect and put the whole page into the part that it renews.
        return Response(status=401, headers={"HX-Redirect": where})
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


def _ask() -> ResponseReturnValue | None:
    """Ask the question that a form carries, unless a script has: it sends the form without it."""
    question = request.form.get(_QUESTION) if request.method == "POST" else None
    if not question:
        return None
    fields = [one for one in request.form.items(multi=True) if one[0] not in _OF_THE_FORM]
    back = own_path(request.form.get("back", "")) or page_of(request.path)
    return render_template("web/question.html", question=question, fields=fields, back=back)
