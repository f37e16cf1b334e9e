"""The account's page."""

import re

from flask import Flask

from api.notices.webhook import signing_secret
from api.store import Store
from api.store.records import Outcome, StoredRequest, User
from api.store.stage import Stage
from tests.api.services import CATEGORY, Caller
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
    page, action = "/account/", "/account/password"
    differs = reader.send(page, action, password=new, again=f"{new}s")
    assert "The two passwords differ." in differs.text
    assert "10 to 1024 characters" in reader.send(page, action, password="a", again="a").text
    assert reader.send(page, action, password=new, again=new).location == "/account/"
    assert reader.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert other.sign_in(ann.email, PASSWORD).status_code == 401
    assert other.sign_in(ann.email, new).location == "/"


def test_where_credits_went_is_told(reader: Reader, ann: User, store: Store, bob: Caller) -> None:
    store.credits.grant(ann.id, 100)
    first = store.runners.add_collection(ann.id, "<b>Lamps", StoredRequest({}), [], wanted=30)
    store.runners.end(first.id, Outcome(Stage.DONE, 12))
    store.runners.add_collection(ann.id, "Chairs", StoredRequest({}), [], wanted=40)
    store.runners.add_collection(bob.user, "Tables", StoredRequest({}), [])
    told = [(one.name, one.charged, one.frozen) for one in store.credits.spent(ann.id, 10)]
    assert told == [("Chairs", 0, 40), ("<b>Lamps", 12, 0)]
    shown = reader.get("/account/").text
    assert "&lt;b&gt;Lamps, run 1</a>" in shown
    assert "Tables" not in shown
