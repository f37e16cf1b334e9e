"""The account's page."""

import re

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.notices.webhook import signing_secret
from api.store import Store
from api.store.records import Outcome, StoredRequest, User
from api.store.stage import Stage
from tests.api.services import CATEGORY, Caller
from tests.api.web.crawls import page_of, stored
from tests.api.web.reader import PASSWORD, Reader


def test_a_new_key_is_shown_once_and_works(reader: Reader, app: Flask) -> None:
    shown = reader.send("/account/", "/account/key").text
    found = re.search(r'id="key">([^<]+)<', shown)
    assert found is not None
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": found[1]})
    assert answer.status_code == 200
    assert found[1] not in reader.get("/account/").text


def test_the_webhook_secret_is_shown_when_asked_for(reader: Reader, ann: User) -> None:
    secret = signing_secret(ann.id)
    assert secret not in reader.get("/account/").text
    assert secret in reader.send("/account/", "/account/secret").text


def test_mails_about_cancels_of_ones_own_can_be_turned_off(
    reader: Reader, store: Store, ann: User
) -> None:
    reader.send("/account/", "/account/mails")
    assert not store.users.all()[0].mail_on_cancel
    reader.send("/account/", "/account/mails", mail_on_cancel="on")
    assert store.users.all()[0].mail_on_cancel


def test_a_new_password_signs_out_everywhere_else(reader: Reader, app: Flask, ann: User) -> None:
    other = Reader(app.test_client())
    other.sign_in(ann.email)
    new = "another good one"
    page, action, known = "/account/", "/account/password", {"present": PASSWORD}
    differs = reader.send(page, action, password=new, again=f"{new}s", **known)
    assert "The two passwords differ." in differs.text
    short = reader.send(page, action, password="a", again="a", **known)
    assert "10 to 1024 characters" in short.text
    for present in ("", "wrong horses"):
        wrong = reader.send(page, action, password=new, again=new, present=present)
        assert wrong.status_code == 400
        assert "This is not your present password." in wrong.text
    assert reader.send(page, action, password=new, again=new, **known).location == "/account/"
    assert reader.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert other.sign_in(ann.email, PASSWORD).status_code == 401
    assert other.sign_in(ann.email, new).location == "/"


def test_guesses_of_the_present_password_have_to_wait(reader: Reader) -> None:
    new = {"password": "another good one", "again": "another good one"}
    tried = [
        reader.send("/account/", "/account/password", present=f"guess {number}", **new)
        for number in range(7)
    ]
    assert tried[-1].status_code == 429
    assert "try again in" in tried[-1].text


def test_who_came_by_a_link_may_have_forgotten_the_password(
    stranger: Reader, app: Flask, ann: User
) -> None:
    stranger.get(f"/sign-in/{app.extensions['services'].accounts.new_link(ann.id)}")
    assert "Present password" not in stranger.get("/account/").text
    new = {"password": "another good one", "again": "another good one"}
    assert stranger.send("/account/", "/account/password", **new).location == "/account/"
    assert "Present password" in stranger.get("/account/").text


@pytest.mark.parametrize(("host", "is_said"), [("", True), ("mail.example.org", False)])
@pytest.mark.usefixtures("home")
def test_where_a_mail_is_promised_it_is_said_that_none_is_sent(
    host: str, is_said: bool, ann: User
) -> None:
    app = create_app(Settings(smtp_host=host, smtp_sender="a@example.org"))
    signed_in = Reader(app.test_client())
    signed_in.sign_in(ann.email)
    for page in ("/account/", "/new/", page_of(stored(app, ann.id))):
        assert ("This service sends no mails" in signed_in.get(page).text) is is_said, page


def test_where_credits_went_is_told(reader: Reader, ann: User, store: Store, bob: Caller) -> None:
    store.credits.grant(ann.id, 100)
    first = store.runners.add_collection(ann.id, "<b>Lamps", StoredRequest({}), [], wanted=30)
    store.runners.end(first.id, Outcome(Stage.DONE, 12))
    store.runners.add_collection(ann.id, "Chairs", StoredRequest({}), [], wanted=40)
    store.runners.add_collection(bob.user, "Tables", StoredRequest({}), [])
    told = [(one.name, one.charged, one.frozen) for one in store.credits.spent(ann.id, 10)]
    assert told == [("Chairs", 0, 40), ("<b>Lamps", 12, 0)]
    shown = reader.get("/account/").text
    assert "<bdi>&lt;b&gt;Lamps</bdi>, run 1</a>" in shown
    assert "Tables" not in shown
    assert "Deleted collections" not in shown


def test_what_was_spent_adds_up_to_what_is_used(reader: Reader, ann: User, store: Store) -> None:
    store.credits.grant(ann.id, 1000)
    for number in range(23):
        made = store.runners.add_collection(ann.id, f"L{number}", StoredRequest({}), [], wanted=9)
        store.runners.end(made.id, Outcome(Stage.DONE, 1 + number % 3))
        if number in (5, 22):
            assert store.runners.delete_collection(ann.id, made.collection.id)
    shown = reader.get("/account/").text
    rows = re.findall(r"<tr><td>(.+?)</td>\s*<td class=\"number\">(\d+)</td>", shown)
    assert [(words, number) for words, number in rows[-2:]] == [
        ("Earlier runs", "1"),
        ("Deleted collections", "5"),
    ]
    assert sum(int(number) for _, number in rows) == store.credits.of(ann.id).used_credits
    assert len(rows) == 20 + 2
