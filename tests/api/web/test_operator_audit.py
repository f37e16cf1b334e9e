"""The operator's page of the audit trail."""

from flask import Flask

from api.store import Store
from api.store.audit import Act, Origin, What, Who
from api.store.records import User
from tests.api.web.reader import Reader

PAGE = "/operator/audit/"


def record(store: Store, who: str, thing: str) -> None:
    act = Act(What.SET_ROLE, Origin.COMMAND, lambda: Who(None, who), thing=thing)
    with store.audit.acting(act), store._file.writing():
        pass


def test_deeds_are_shown_newest_first_and_by_who(reader: Reader, store: Store, ann: User) -> None:
    for number in range(101):
        record(store, "root", f"<b>thing {number}.")
    shown = reader.get(PAGE).text
    assert "&lt;b&gt;thing 100." in shown
    assert "<b>thing" not in shown
    assert "thing 0." not in shown
    assert "the command line" in shown
    assert "Older →" in shown
    assert "thing 50." not in reader.get(f"{PAGE}?who={ann.email}").text
    assert "sign in" in reader.get(f"{PAGE}?who={ann.email}").text
    assert "thing 0." in reader.get(f"{PAGE}?who=ROOT&before=5").text
    assert "Nothing is recorded." in reader.get(f"{PAGE}?who=nobody").text


def test_users_do_not_see_it(app: Flask, reader: Reader, store: Store) -> None:
    accounts = app.extensions["services"].accounts
    user, _ = accounts.add_user("ben@example.org")
    other = Reader(app.test_client())
    other.get(f"/sign-in/{accounts.new_link(user.id)}")
    assert other.get(PAGE).status_code == 403
    assert "Audit trail" not in other.get("/account/").text
