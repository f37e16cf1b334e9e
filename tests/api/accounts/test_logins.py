"""Logins, tokens and keys, as a client meets them."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.accounts.logins import FREE_FAILURES, Accounts
from api.accounts.passwords import password_hash
from api.store import Store
from api.store.login_attempts import FIRST_WAIT, LONGEST_WAIT
from category_crawler.times import utc_in
from tests.api.services import CATEGORY, Caller

PASSWORD = "correct horse battery"
EMAIL = "alice@example.org"
LOGIN = "/api/v1/users/login/"


@pytest.fixture
def ann(alice: Caller, store: Store) -> Caller:
    """Alice, with a password."""
    store.users.set_password(alice.user, password_hash(PASSWORD))
    return alice


def login(
    app: Flask, email: str = EMAIL, password: str = PASSWORD, address: str = ""
) -> TestResponse:
    return app.test_client().post(
        LOGIN,
        json={"email": email, "password": password},
        environ_base={"REMOTE_ADDR": address or "127.0.0.1"},
    )


def listed(app: Flask, token: str) -> int:
    headers = {"Authorization": f"Token {token}"}
    return app.test_client().post(f"{CATEGORY}/list/", headers=headers).status_code


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_a_password_gives_a_token(app: Flask, ann: Caller, email: str) -> None:
    data = login(app, email).get_json()["data"]
    assert data["user"] == {"id": ann.user, "name": "alice", "email": EMAIL}
    assert listed(app, data["token"]) == 200


def test_a_token_ends_with_its_logout_and_the_key_does_not(app: Flask, ann: Caller) -> None:
    first, second = (login(app).get_json()["data"]["token"] for _ in range(2))
    headers = {"Authorization": f"Token {first}"}
    answer = app.test_client().post("/api/v1/users/logout", headers=headers)
    assert answer.get_json()["data"] == {"logged_out": True}
    assert (listed(app, first), listed(app, second)) == (401, 200)
    assert ann.post(f"{CATEGORY}/list/").status_code == 200


def test_a_key_is_not_logged_out(ann: Caller) -> None:
    answer = ann.post("/api/v1/users/logout/")
    assert answer.status_code == 403
    assert "regenerate" in answer.get_json()["data"]


def test_a_token_expires(app: Flask, ann: Caller) -> None:
    accounts: Accounts = app.extensions["services"].accounts
    accounts.settings = accounts.settings.model_copy(update={"token_lifetime": 0})
    assert listed(app, login(app).get_json()["data"]["token"]) == 401


def test_a_new_key_stops_the_old_one(app: Flask, ann: Caller) -> None:
    key = ann.post("/api/v1/users/api-key/regenerate").get_json()["data"]["api_key"]
    assert ann.post(f"{CATEGORY}/list/").status_code == 401
    assert replace(ann, key=key).post(f"{CATEGORY}/list/").status_code == 200


def test_a_new_password_ends_sessions(app: Flask, ann: Caller, store: Store) -> None:
    token = login(app).get_json()["data"]["token"]
    store.users.set_password(ann.user, password_hash("another password"))
    assert listed(app, token) == 401
    assert login(app).status_code == 401


def test_a_disabled_user_is_as_one_unknown(app: Flask, ann: Caller, store: Store) -> None:
    token = login(app).get_json()["data"]["token"]
    store.users.set_active(ann.user, active=False)
    assert (listed(app, token), ann.post(f"{CATEGORY}/list/").status_code) == (401, 401)
    refused = login(app)
    assert refused.data == login(app, "nobody@example.org").data
    store.users.set_active(ann.user, active=True)
    assert listed(app, token) == 401, "a session that was ended does not come back"
    assert ann.post(f"{CATEGORY}/list/").status_code == 200


def test_unknown_user_wrong_password_and_none_are_told_apart_by_nobody(
    app: Flask, ann: Caller, bob: Caller
) -> None:
    tries = [(EMAIL, "wrong password"), ("nobody@example.org", PASSWORD), ("bob@example.org", "")]
    answers = [login(app, email, password or "x") for email, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1


def test_each_way_to_be_wrong_costs_a_hash(
    app: Flask, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.accounts import passwords

    checked: list[str] = []
    check = passwords.check_password_hash

    def counted(stored: str, password: str) -> bool:
        checked.append(stored.split("$")[0])
        return check(stored, password)

    monkeypatch.setattr(passwords, "check_password_hash", counted)
    login(app, EMAIL, "wrong password")
    login(app, "nobody@example.org")
    assert len(checked) == 2
    assert len(set(checked)) == 1, "the same method with the same cost"


def test_failures_make_the_next_login_wait(app: Flask, ann: Caller, store: Store) -> None:
    codes = [login(app, EMAIL, "wrong password").status_code for _ in range(FREE_FAILURES + 1)]
    assert codes == [401] * FREE_FAILURES + [429]
    answer = login(app)
    assert answer.status_code == 429, "the right password waits as well"
    assert 1 <= int(answer.headers["Retry-After"]) <= FIRST_WAIT
    assert answer.headers["Retry-After"] in answer.get_json()["data"]
    store.db.conn.execute("UPDATE login_attempts SET last_at = ?", (utc_in(-FIRST_WAIT),))
    assert login(app).status_code == 200
    assert login(app, EMAIL, "wrong password").status_code == 401, "all is forgiven"


def test_waits_grow(app: Flask, ann: Caller, store: Store) -> None:
    waits = []
    for failures in (5, 6, 7, 10, 40):
        store.db.conn.execute("DELETE FROM login_attempts")
        store.logins.admit({"x": 5})
        store.db.conn.execute("UPDATE login_attempts SET failures = ?", (failures,))
        waits.append(store.logins.admit({"x": 5}))
    assert waits == sorted(set(waits))
    assert waits[-1] <= LONGEST_WAIT


def test_an_address_that_guesses_for_many_waits(
    app: Flask, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.accounts.logins.FREE_FAILURES_OF_ADDRESS", 3)
    codes = [
        login(app, f"{number}@example.org", "wrong password", "192.0.2.1").status_code
        for number in range(4)
    ]
    assert codes == [401, 401, 401, 429]
    assert login(app, address="192.0.2.2").status_code == 200


def test_failures_are_forgotten_in_time(app: Flask, ann: Caller, store: Store) -> None:
    for _ in range(FREE_FAILURES):
        login(app, EMAIL, "wrong password")
    store.db.conn.execute("UPDATE login_attempts SET last_at = ?", (utc_in(-3700),))
    assert login(app, EMAIL, "wrong password").status_code == 401


def test_simultaneous_guesses_are_counted_one_by_one(app: Flask, ann: Caller) -> None:
    with ThreadPoolExecutor(20) as clients:
        codes = list(
            clients.map(lambda _: login(app, EMAIL, "wrong password").status_code, range(20))
        )
    assert codes.count(401) == FREE_FAILURES


@pytest.mark.parametrize("password", [5, True, [], {}, "x" * 2000, ["secret word"]])
def test_no_answer_repeats_a_password(app: Flask, ann: Caller, password: object) -> None:
    answer = app.test_client().post(LOGIN, json={"email": EMAIL, "password": password})
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("password is wrong: ")
    assert not re.search("xxx|secret word", answer.text)


def test_what_is_stored_is_no_password(ann: Caller, app: Flask, store: Store) -> None:
    token = login(app).get_json()["data"]["token"]
    stored = "\n".join(store.db.iterdump())
    assert PASSWORD not in stored
    assert token not in stored
    assert "scrypt:32768:8:3$" in stored


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(ValueError, match="10 to 1024"):
        password_hash(password)
