"""What requests leave in the audit trail."""

import pytest
from click import Command, Group
from flask import Flask

from api.accounts.logins import Accounts
from api.commands import deeds as commands
from api.rest.deeds import DEEDS, READS
from api.store import Store
from api.store.audit import Deed
from api.store.records import StoredRequest, User
from tests.api.services import BODY, CATEGORY, Caller, flask
from tests.api.web.conftest import ann, reader  # noqa: F401 - fixtures
from tests.api.web.reader import PASSWORD, Reader

USERS = "/api/v1/users"


@pytest.fixture
def accounts(app: Flask) -> Accounts:
    found: Accounts = app.extensions["services"].accounts
    return found


def told(store: Store) -> list[tuple[str, str, str, str, str | None]]:
    """The trail, oldest first: who, from where, what, thing, how it ended."""
    deeds: list[Deed] = store.audit.latest(1000)[::-1]
    return [(one.who, one.origin.value, one.what, one.thing, one.outcome) for one in deeds]


def test_every_view_that_takes_a_post_is_a_deed_or_a_read(app: Flask) -> None:
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts - set(DEEDS) - READS == set()
    assert (set(DEEDS) | READS) - posts == {"sign_in.by_link"}


def test_every_command_is_a_deed_or_a_read(app: Flask) -> None:
    known = set(commands.DEEDS) | commands.READS
    ours = {
        words for words in _words(app.cli) if words.split()[0] in {one.split()[0] for one in known}
    }
    assert ours == known
    services_commands = {one.name for one in app.cli.commands.values()}
    assert services_commands <= {one.split()[0] for one in known}


def _words(group: Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        words = f"{before} {name}".strip()
        found += _words(command, words) if isinstance(command, Group) else [words]
        assert isinstance(command, Command)
    return found


def test_sign_ins_are_recorded_also_those_that_fail(
    app: Flask, store: Store, accounts: Accounts, alice: Caller
) -> None:
    accounts.change_password(alice.user, PASSWORD)
    body = {"email": "alice@example.org", "password": PASSWORD}
    client = app.test_client()
    assert client.post(f"{USERS}/login/", json=body).status_code == 200
    assert client.post(f"{USERS}/login/", json=body | {"password": "hush-hush"}).status_code == 401
    unknown = {"email": "my-password-typed-here", "password": "x"}
    assert client.post(f"{USERS}/login/", json=unknown).status_code == 401
    name = "alice@example.org"
    assert told(store) == [
        (name, "api", "sign in", "", "done"),
        ("not known", "api", "sign in", f"user {name}", "refused 401"),
        ("not known", "api", "sign in", "", "refused 401"),
    ]
    assert store.audit.latest(1)[0].address == "127.0.0.1"


def test_a_refusal_is_known_where_every_status_is_200(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch, alice: Caller
) -> None:
    monkeypatch.setattr("api.rest.envelope.http_status", lambda _code: 200)
    answer = app.test_client().post(
        f"{USERS}/login/", json={"email": "alice@example.org", "password": "wrong"}
    )
    assert answer.status_code == 200
    assert told(store)[-1][-1] == "refused 401"


def test_runs_and_collections_are_named(app: Flask, store: Store, alice: Caller) -> None:
    # Scrapyd is away: nothing may be recorded as done.
    assert alice.post(f"{CATEGORY}/add_schedule/", BODY).status_code == 503
    run = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
    number = {"collection_id": run.collection.id}
    alice.post(f"{CATEGORY}/result/", number)
    alice.post(f"{CATEGORY}/rename/", number | {"name": "Chairs"})
    alice.post(f"{CATEGORY}/cancel/", number)
    alice.post(f"{CATEGORY}/delete/", number)
    alice.post(f"{CATEGORY}/rename/", {"collection_id": 99, "name": "Chairs"})
    thing, who = f"collection {run.collection.id}", "alice@example.org"
    assert told(store) == [
        (who, "api", "add run", "run 1 of collection 1", "refused 503"),
        (who, "api", "rename collection", thing, "done"),
        (who, "api", "cancel run", thing, "done"),
        (who, "api", "delete collection", thing, "refused 409"),
    ]


def test_the_operators_forms_are_recorded_with_what_was_asked(
    reader: Reader,  # noqa: F811 - the fixture
    ann: User,  # noqa: F811 - the fixture
    store: Store,
    alice: Caller,
) -> None:
    page = f"/operator/users/{alice.user}/"
    reader.send(page, f"{page}credits", number="100")
    reader.send(page, f"{page}limits", running="3", priority="Normal", products_a_day="")
    reader.send(page, f"{page}active", disable="1")
    reader.send(page, f"{page}credits", number="many")
    last = store.audit.latest(3)[::-1]
    assert [(one.who, one.what, one.thing, one.detail) for one in last] == [
        (ann.email, "grant credits", "user alice@example.org", "number 100"),
        (ann.email, "set limits", "user alice@example.org", "running 3 priority Normal"),
        (ann.email, "disable or enable user", "user alice@example.org", "disable 1"),
    ]


def test_a_user_who_tries_an_operators_form_is_recorded(
    app: Flask,
    reader: Reader,  # noqa: F811 - the fixture
    store: Store,
    accounts: Accounts,
) -> None:
    user, _ = accounts.add_user("ben@example.org")
    other = Reader(app.test_client())
    other.get(f"/sign-in/{accounts.new_link(user.id)}")
    other.send("/account/", "/operator/users/1/role", role="user")
    who, *_, outcome = told(store)[-1]
    assert (who, outcome) == ("ben@example.org", "refused 403")


def test_a_command_is_recorded_with_the_account_of_the_system(app: Flask, store: Store) -> None:
    assert flask("users", "create", "bob@example.org").returncode == 0
    assert flask("users", "role", "bob@example.org", "operator").returncode == 0
    assert flask("users", "role", "nobody@example.org", "operator").returncode == 1
    assert flask("users", "list").returncode == 0
    rows = store.audit.latest(10)[::-1]
    assert [(one.origin.value, one.what, one.thing, one.detail) for one in rows] == [
        ("command", "create user", "user bob@example.org", ""),
        ("command", "set role", "user bob@example.org", "role operator"),
    ]
    assert {one.user for one in rows} == {None}
    shown = flask("audit", "list", "--since", "1h", "--user", rows[0].who).stdout.splitlines()
    assert len(shown) == 3
    assert shown[1].split()[2:5] == ["command", "set", "role"]


def test_no_secret_is_ever_in_the_trail(
    app: Flask, store: Store, accounts: Accounts, alice: Caller
) -> None:
    accounts.change_password(alice.user, PASSWORD)
    secrets = [alice.key, PASSWORD, "wrong-password"]
    client = app.test_client()
    body = {"email": "alice@example.org", "password": PASSWORD}
    secrets.append(client.post(f"{USERS}/login/", json=body).get_json()["data"]["token"])
    client.post(f"{USERS}/login/", json=body | {"password": "wrong-password"})
    client.post(f"{USERS}/login/", json=body | {"email": "wrong-password"})
    link = accounts.new_link(alice.user)
    secrets.append(link)
    person = Reader(app.test_client())
    person.get(f"/sign-in/{link}")
    person.get(f"/sign-in/{link}")
    person.send("/account/", "/account/password", password="wrong-password", again="x")
    secrets.append(alice.post(f"{USERS}/api-key/regenerate/").get_json()["data"]["api_key"])
    for path in ("add_schedule", "rename", "set_alerts", "update_schedule"):
        alice.post(f"{CATEGORY}/{path}/", BODY | {"webhook_url": "https://x.org/hook-secret"})
    assert len(store.audit.latest(100)) >= 5
    made = flask("users", "create", "bob@example.org", "--name", "Bob")
    secrets += [made.stdout.strip(), "hook-secret"]
    flask("users", "password", "bob@example.org", typed="a secret password\n")
    secrets += ["a secret password", flask("users", "key", "bob@example.org").stdout.strip()]
    secrets += flask("users", "link", "bob@example.org").stdout.split("/")[-1:]
    assert all(len(secret) > 8 for secret in secrets)
    what = {one.what for one in store.audit.latest(100)}
    assert {"sign in", "make key", "set password", "make sign-in link", "create user"} <= what
    rows = store.db.conn.execute("SELECT * FROM audit").fetchall()
    text = repr(rows)
    assert [secret for secret in secrets if secret.strip() in text] == []
