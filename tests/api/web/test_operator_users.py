"""The operator's pages about users."""

import re

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store import Store
from api.store.limits import OwnLimits
from api.store.records import Outcome, Role, StoredRequest, User
from api.store.stage import Stage
from tests.api.routes.test_results import Kept
from tests.api.services import BODY, CATEGORY, Caller
from tests.api.web.reader import Reader

PAGE = "/operator/users/"


@pytest.fixture
def ben(reader: Reader, app: Flask, store: Store) -> User:
    """A user whom the operator has added."""
    app.extensions["services"].accounts.add_user("ben@example.org")
    found = store.users.named("ben@example.org")
    assert found is not None
    return found


def secrets(text: str) -> list[str]:
    return re.findall(r'class="secret">([^<]+)<', text)


def test_a_new_user_gets_a_key_and_a_link(reader: Reader, app: Flask) -> None:
    shown = reader.send(PAGE, PAGE, email="cy@example.org", name="Cy <b>").text
    assert "Cy &lt;b&gt;" in shown
    key, link = secrets(shown)
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": key})
    assert answer.status_code == 200
    newcomer = Reader(app.test_client())
    newcomer.get(link.partition("/sign-in/")[1] + link.partition("/sign-in/")[2])
    assert "cy@example.org" in newcomer.get("/account/").text
    assert "Users" not in newcomer.get("/account/").text


@pytest.mark.parametrize(
    ("email", "says"),
    [("cy", "is no e-mail address."), ("ann@example.org", "There is a user ann@example.org")],
)
def test_a_wrong_address_is_said(reader: Reader, email: str, says: str) -> None:
    sent = reader.send(PAGE, PAGE, email=email)
    assert sent.status_code == 400
    assert says in sent.text


def test_credits_are_granted_and_taken_back(reader: Reader, store: Store, ben: User) -> None:
    page = f"{PAGE}{ben.id}/"
    for number, left in (("100", 100), ("-30", 70)):
        assert reader.send(page, f"{page}credits", number=number).status_code == 302
        assert store.credits.of(ben.id).spendable == left
    store.credits.grant(ben.id, -70)
    nothing = reader.send(page, f"{page}credits", number="-5")
    assert nothing.status_code == 400
    assert "There are no unused credits to take back." in nothing.text
    assert "The credits are changed." not in nothing.text
    for number in ("", "many", "1.5", str(10**13)):
        sent = reader.send(page, f"{page}credits", number=number)
        assert sent.status_code == 400
        assert "It must be a whole number" in sent.text
    reader.send(page, f"{page}credits", unlimited="1")
    assert store.credits.of(ben.id).spendable is None
    assert "without limit" in reader.get(page).text


def test_a_user_is_disabled_and_let_in_again(
    reader: Reader, app: Flask, ben: User, store: Store
) -> None:
    page = f"{PAGE}{ben.id}/"
    other = Reader(app.test_client())
    other.get(f"/sign-in/{app.extensions['services'].accounts.new_link(ben.id)}")
    assert other.get("/account/").status_code == 200
    reader.send(page, f"{page}active", disable="1")
    assert other.get("/account/").status_code == 302
    assert reader.send(PAGE, f"{page}link").status_code == 409
    reader.send(page, f"{page}active", enable="1")
    assert store.users.is_active(ben.id)
    assert len(secrets(reader.send(page, f"{page}link").text)) == 1


def test_a_disabled_user_is_deleted_with_everything(
    reader: Reader, store: Store, app: Flask, ben: User
) -> None:
    page = f"{PAGE}{ben.id}/"
    store.credits.grant_without_limit(ben.id)
    kept = Kept(app, Caller(app.test_client(), "", ben.id)).done()
    folder = folder_of(kept.runner).path
    assert folder.is_dir()
    assert "is not disabled" in reader.send(page, f"{page}delete").text
    reader.send(page, f"{page}active", disable="1")
    open_one = store.runners.add_collection(ben.id, "Open", StoredRequest(BODY), [])
    refused = reader.send(page, f"{page}delete")
    assert refused.status_code == 409
    assert "A run of “Open” is open: cancel it first" in refused.text
    assert "/collections/" not in refused.text.partition("<main")[2], "it is not the operator's"
    store.runners.end(open_one.id, Outcome(Stage.FAILED))
    assert reader.send(page, f"{page}delete").location == PAGE
    assert "ben@example.org is deleted" in reader.get(PAGE).text
    assert store.users.get(ben.id) is None
    assert not folder.exists()


def test_an_operator_is_made_and_cannot_shut_herself_out(
    reader: Reader, store: Store, ann: User, ben: User
) -> None:
    page = f"{PAGE}{ben.id}/"
    assert "Change role to operator" in reader.get(page).text
    reader.send(page, f"{page}role", role="operator")
    assert "Change role to user" in reader.get(page).text
    found = store.users.get(ben.id)
    assert found is not None
    assert found.role is Role.OPERATOR
    assert reader.send(page, f"{page}role", role="king").status_code == 400
    for action, fields in (("role", {"role": "user"}), ("active", {"disable": "1"})):
        sent = reader.send(page, f"{PAGE}{ann.id}/{action}", **fields)
        assert sent.status_code == 409
        assert "This is your own account" in sent.text
    assert reader.get(PAGE).status_code == 200


def test_a_number_without_a_user_is_said(reader: Reader) -> None:
    assert "There is no user 99" in reader.get(f"{PAGE}99/").text


@pytest.mark.parametrize(
    "path",
    [
        PAGE,
        f"{PAGE}1/",
        "/operator/runs/",
        "/operator/",
        "/operator/state",
        "/operator/jobs/category/r1-1/log",
    ],
)
def test_they_are_for_operators_alone(app: Flask, ann: User, bob: Caller, path: str) -> None:
    other = Reader(app.test_client())
    other.get(f"/sign-in/{app.extensions['services'].accounts.new_link(bob.user)}")
    refused = other.get(path)
    assert refused.status_code == 403
    assert "users with the role “operator”" in refused.text
    assert "/operator/" not in other.get("/account/").text


def test_limits_are_set_and_shown_to_both(
    reader: Reader, store: Store, app: Flask, ben: User
) -> None:
    page = f"{PAGE}{ben.id}/"
    typed = {"running": "3", "priority": "Normal", "products_a_day": "many"}
    wrong = reader.send(page, f"{page}limits", **typed)
    assert wrong.status_code == 400
    assert 'value="many"' in wrong.text
    assert "It must be a whole number from 0 on" in wrong.text
    assert store.limits.own(ben.id) == OwnLimits()
    sent = reader.send(page, f"{page}limits", **typed | {"products_a_day": "20000"})
    assert sent.status_code == 302
    assert store.limits.own(ben.id) == OwnLimits(3, "Normal", 20_000)
    assert "3 crawls, up to Normal, 20,000 products a day" in reader.get(PAGE).text
    store.credits.grant_without_limit(ben.id)
    for _ in range(4):
        run = store.runners.add_collection(ben.id, "Lamps", StoredRequest(BODY), [])
    other = Reader(app.test_client())
    other.get(f"/sign-in/{app.extensions['services'].accounts.new_link(ben.id)}")
    account = other.get("/account/").text
    assert "<dt>Crawls at once</dt><dd>3, 1 open now, 3 held back</dd>" in account
    assert "0, and 20,000 set aside for open runs" in account
    live = other.get(f"/collections/{run.collection.id}/runs/{run.id}/").text
    assert "Your limit is 20,000 products a day" in live
    assert "Your limit is 20,000 products a day" in other.get("/collections/").text
    cleared = reader.send(page, f"{page}limits", running="", priority="", products_a_day="")
    assert cleared.status_code == 302
    assert store.limits.own(ben.id) == OwnLimits()
