"""Who may see what: every route, with no credential, a wrong one and another user's numbers."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from api.accounts.secret import hash_of, new_secret
from api.products.forms import CHANGES_FORMS, MIMETYPES
from api.rest.operation import Operation, operations
from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from tests.api.services import BODY, Caller

PUBLIC = {
    "/api/v1/settings/domains",
    "/api/v1/users/login",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/docs",
}


@pytest.fixture
def runner(store: Store, alice: Caller) -> Runner:
    """A runner of Alice's that has rows."""
    made = store.runners.add_collection(alice.user, "Lamps", StoredRequest({}), [])
    folder = folder_of(made)
    folder.path.mkdir(parents=True)
    folder.partial_rows.write_text('{"asin": "B000000001"}\n')
    store.runners.end(
        made.id, Outcome(Stage.FAILED, failed_reason="blocked", failed_message="x", asin_count=1)
    )
    return made


def secured(app: Flask) -> list[Operation]:
    with app.app_context():
        return [one for one in operations() if one.secured]


def paths(one: Operation, collection: int, runner: int) -> list[str]:
    """The operation's addresses for a runner, with and without a slash."""
    all_forms = CHANGES_FORMS if "changes" in one.path else tuple(MIMETYPES)
    forms = all_forms if "{form}" in one.path else ("",)
    ids = {"collection_id": collection} | dict.fromkeys(
        ("runner_id", "from_runner", "to_runner"), runner
    )
    filled = [one.path.format(**ids, form=form) for form in forms]
    bare = [path.rstrip("/") for path in filled]
    return [path for one in bare for path in (one, f"{one}/")]


def test_every_route_is_public_or_secured(app: Flask) -> None:
    known = {one.path.rstrip("/").partition("{")[0] for one in secured(app)} | PUBLIC
    routes = {
        rule.rule.rstrip("/").partition("<")[0]
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not _is_page(app, rule)
    }
    assert routes == known


def test_every_page_but_those_to_sign_in_is_for_who_is_signed_in(app: Flask) -> None:
    pages = [rule for rule in app.url_map.iter_rules() if _is_page(app, rule)]
    inside = [rule for rule in pages if not rule.endpoint.startswith("sign_in.")]
    assert len(inside) >= 6
    address = app.url_map.bind("localhost")
    for rule in inside:
        values = {name: "csv" if name == "ending" else 1 for name in rule.arguments}
        for method in (rule.methods or set()) & {"GET", "POST"}:
            path = address.build(rule.endpoint, values, method)
            answer = app.test_client().open(path, method=method)
            assert answer.status_code == 302, rule
            assert answer.location.startswith("/sign-in"), rule


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "wrong"},
        {"x-api-key": ""},
        {"Authorization": "Token wrong"},
        {"Authorization": "Token"},
        {"Authorization": "Basic YWxpY2U6YWxpY2U="},
        {"x-api-key": "\N{BULLET}" * 3},
        {"x-api-key": "k" * 5000},
    ],
)
def test_no_route_without_a_credential(app: Flask, runner: Runner, headers: dict[str, str]) -> None:
    client = app.test_client()
    for one in secured(app):
        for path in paths(one, runner.collection.id, runner.id):
            answer = client.open(path, method=one.method, headers=headers)
            assert answer.status_code == 401, path
            assert answer.get_json()["status"] == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("Bearer hush", "Authorization of the kind Bearer is not taken"),
        ("bearer hush", "Authorization of the kind Bearer is not taken"),
        ("Basic YWxpY2U6YWxpY2U=", "Authorization of the kind Basic is not taken"),
        ("Token", "Authorization: Token has no token"),
        ("hush", "Authorization must begin with the word Token"),
        ("", "No credential"),
    ],
)
def test_who_sends_another_authorization_is_told_what_is_expected(
    app: Flask, given: str, says: str
) -> None:
    path = "/api/v1/schedules/amazon/category/list/"
    answer = app.test_client().post(path, headers={"Authorization": given})
    assert answer.status_code == 401
    expected = f"{says}: send x-api-key: KEY or Authorization: Token TOKEN"
    assert answer.get_json()["data"] == expected
    assert "hush" not in answer.text


def test_a_credential_in_the_address_is_none(app: Flask, alice: Caller) -> None:
    path = f"/api/v1/schedules/amazon/category/list/?x-api-key={alice.key}"
    assert app.test_client().post(path).status_code == 401


@pytest.mark.parametrize("header", ["x-api-key: {}", "Authorization: Token {}"])
def test_either_header_will_do(app: Flask, alice: Caller, header: str) -> None:
    name, _, value = header.format(alice.key).partition(": ")
    answer = app.test_client().post(
        "/api/v1/schedules/amazon/category/list/", headers={name: value}
    )
    assert answer.status_code == 200


def test_what_is_anothers_is_like_what_is_not_there(
    app: Flask, alice: Caller, bob: Caller, runner: Runner
) -> None:
    nothing = 999_999
    # What is deleted is not there any more.
    for one in sorted(secured(app), key=lambda one: one.path.rstrip("/").endswith("/delete")):
        if not _names_a_run(one):
            continue
        for own, other in zip(
            paths(one, runner.collection.id, runner.id),
            paths(one, nothing, nothing),
            strict=True,
        ):
            theirs = _call(bob, one, own, runner.collection.id)
            mine = _call(alice, one, own, runner.collection.id)
            absent = _call(bob, one, other, nothing)
            may_be_gone = "_schedule" in own or own.rstrip("/").endswith("/delete")
            assert mine.status_code in (200, 400, 409) or may_be_gone, own
            assert theirs.status_code == absent.status_code == 404, own
            said = [answer.get_json()["data"] for answer in (theirs, absent)]
            assert _without_numbers(said[0]) == _without_numbers(said[1])


def test_a_list_may_be_asked_for_its_total_alone(alice: Caller, runner: Runner) -> None:
    listed = alice.post("/api/v1/schedules/amazon/category/list/", {"limit": 0}).get_json()["data"]
    assert listed == {"total": 1, "items": []}


def test_lists_hold_ones_own(alice: Caller, bob: Caller, runner: Runner) -> None:
    path = "/api/v1/schedules/amazon/category/list/"
    assert alice.post(path).get_json()["data"]["total"] == 1
    assert bob.post(path).get_json()["data"] == {"total": 0, "items": []}


def test_a_run_is_found_under_its_own_collection_only(
    alice: Caller, store: Store, runner: Runner
) -> None:
    other = store.runners.add_collection(alice.user, "Other", StoredRequest({}), [])
    path = f"/api/v1/results/{other.collection.id}/{runner.id}/category_asins.json"
    assert alice.get(path).status_code == 404


def test_only_hashes_are_stored(store: Store, alice: Caller) -> None:
    stored = "\n".join(store.db.iterdump())
    assert hash_of(alice.key) in stored
    assert alice.key not in stored


def test_secrets_differ() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert min(len(new_secret()) for _ in range(100)) >= 40


def _names_a_run(one: Operation) -> bool:
    return "{" in one.path or (one.body is not None and "collection_id" in one.body.model_fields)


def _call(caller: Caller, one: Operation, path: str, collection: int) -> Any:
    if one.method == "GET":
        return caller.get(path)
    more = {"collection_id": collection, "schedule": None, "rules": [{"kind": "new"}], "name": "x"}
    more |= {"retention": None}
    # Some calls refuse fields that they do not know.
    known = one.body.model_fields if one.body is not None else {}
    return caller.post(path, {n: value for n, value in (BODY | more).items() if n in known})


def _is_page(app: Flask, rule: Rule) -> bool:
    """Whether a route leads to a page for people."""
    found = app.blueprints.get(rule.endpoint.partition(".")[0])
    return found is not None and found.import_name.startswith("api.web.")


def _without_numbers(sentence: str) -> str:
    return "".join(letter for letter in sentence if not letter.isdigit())
