"""What requests do that is recorded in the audit trail: which calls, who, and to which thing."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import Flask, Response, g, request

from api.rest.auth import current_user, is_authenticated
from api.runners.report import BASE_PATH
from api.services import services
from api.store.audit import DONE, NOBODY, Act, Origin, What, Who

DEEDS: Mapping[str, What] = MappingProxyType(
    {
        "users.login": What.SIGN_IN,
        "users.logout": What.SIGN_OUT,
        "users.change_settings": What.CHANGE_SETTINGS,
        "users.regenerate_key": What.MAKE_KEY,
        "category.add_schedule": What.ADD_RUN,
        "category.cancel": What.CANCEL_RUN,
        "category.rename": What.RENAME_COLLECTION,
        "category.delete_collection": What.DELETE_COLLECTION,
        "recurring.rerun": What.RERUN,
        "recurring.update_schedule": What.SET_SCHEDULE,
        "recurring.pause_schedule": What.PAUSE_SCHEDULE,
        "recurring.resume_schedule": What.RESUME_SCHEDULE,
        "recurring.delete_schedule": What.DELETE_SCHEDULE,
        "alerts.set_alerts": What.SET_ALERTS,
        "retention.set_retention": What.SET_RETENTION,
        "zipcodes.create_zipcode": What.MAKE_SESSION,
        "zipcodes.refresh_zipcode": What.RENEW_SESSION,
        "zipcodes.delete_zipcode": What.DELETE_SESSION,
        "sign_in.check": What.SIGN_IN,
        "sign_in.by_link": What.SIGN_IN,
        "sign_in.first_user": What.CREATE_USER,
        "sign_in.leave": What.SIGN_OUT,
        "account.new_key": What.MAKE_KEY,
        "account.change_mails": What.CHANGE_SETTINGS,
        "account.change_password": What.SET_PASSWORD,
        "new_crawl.begin": What.ADD_RUN,
        "new_crawl.make_session": What.MAKE_SESSION,
        "collection.cancel": What.CANCEL_RUN,
        "collection.rerun": What.RERUN,
        "collection.resume": What.RESUME_RUN,
        "collection.new_session": What.RENEW_SESSION,
        "collection.rename": What.RENAME_COLLECTION,
        "collection.remove": What.DELETE_COLLECTION,
        "repeats.change": What.SET_SCHEDULE,
        "repeats.pause": What.PAUSE_SCHEDULE,
        "repeats.resume": What.RESUME_SCHEDULE,
        "repeats.remove": What.DELETE_SCHEDULE,
        "alert_rules.add": What.SET_ALERTS,
        "alert_rules.remove": What.SET_ALERTS,
        "kept_results.change": What.SET_RETENTION,
        "kept_results.remove": What.SET_RETENTION,
        "postcodes.create": What.MAKE_SESSION,
        "postcodes.check": What.CHECK_SESSION,
        "postcodes.renew": What.RENEW_SESSION,
        "postcodes.delete": What.DELETE_SESSION,
        "operator_users.create": What.CREATE_USER,
        "operator_users.link": What.MAKE_LINK,
        "operator_users.grant": What.GRANT_CREDITS,
        "operator_users.limit": What.SET_LIMITS,
        "operator_users.set_active": What.SET_ACTIVE,
        "operator_users.delete": What.DELETE_USER,
        "operator_users.set_role": What.SET_ROLE,
    }
)
"""By the name of the view."""
READS = frozenset(
    {
        *("category.preview", "category.result", "category.list_collections"),
        *("products.list_products", "changes.list_changes", "history.history", "alerts.get_alerts"),
        "retention.get_retention",
        *("zipcodes.get_zipcodes", "users.credits_left", "settings.domains"),
        *("account.show_secret", "new_crawl.check"),
        *("new_crawl.show_understood", "new_crawl.show_delivery", "new_crawl.begin_preview"),
    }
)
"""Views that take a POST and only show something."""
_DETAILS = (
    *("number", "unlimited", "role", "enable", "disable"),
    *("running", "priority", "products_a_day"),
)
"""Fields of the operator's forms that are kept; none of them is a secret."""
_LONGEST = 40
_FORBIDDEN = 403


def init_app(app: Flask) -> None:
    """Have the application's deeds recorded."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def name_thing(given: Mapping[str, object]) -> None:
    """Say by the fields of a request what its deed is about."""
    if "act" in g:
        g.act.thing = _thing(given)


def _begin() -> None:
    what = DEEDS.get(request.endpoint or "")
    if what is None or request.method == "HEAD":
        return
    is_api = request.path.startswith(BASE_PATH)
    g.act = Act(what, Origin.API if is_api else Origin.PAGE, _who, request.remote_addr or "")
    if not is_api:
        name_thing(request.view_args or {})
    services().store.audit.begin(g.act)


def _end(response: Response) -> Response:
    act: Act | None = g.pop("act", None)
    if act is None:
        return response
    code = g.get("answered", response.status_code)
    act.detail = _detail()
    is_refused = code >= 400
    outcome = f"refused {code}" if is_refused else DONE
    always = code == _FORBIDDEN or (is_refused and act.what is What.SIGN_IN)
    services().store.audit.end(act, outcome, always=always)
    return response


def _leave(_error: BaseException | None) -> None:
    services().store.audit.leave()


def _who() -> Who:
    if not is_authenticated():
        return NOBODY
    user = current_user()
    return Who(user.id, user.email)


def _thing(given: Mapping[str, object]) -> str:
    """What the request names: a collection, a user or a postcode."""
    if (number := _number(given.get("collection_id"))) is not None:
        return f"collection {number}"
    number = _number(given.get("number", given.get("id")))
    if number is None:
        return ""
    store = services().store
    if (request.blueprint or "").startswith("operator_users"):
        user = store.users.get(number)
        return f"user {user.email if user else number}"
    zipcode = store.sessions.zipcode(number)
    return f"session {zipcode.session.domain} {zipcode.session.postcode}" if zipcode else ""


def _number(value: object) -> int | None:
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
    return value if is_one and isinstance(value, int) else None


def _detail() -> str:
    if not (request.blueprint or "").startswith("operator_"):
        return ""
    given = {name: request.form[name][:_LONGEST] for name in _DETAILS if request.form.get(name)}
    return " ".join(f"{name} {value}" for name, value in given.items())
