"""A user's own settings: read, changed, and kept to."""

import pytest
from flask import Flask

from api.notices.outbox import Notices
from api.runners.lifecycle import Jobs
from api.store import Store
from api.store.records import Outcome, StoredRequest
from category_crawler.errors import Cancelled
from tests.api.owed_notices import deliver_all, kept
from tests.api.receivers import Mailbox
from tests.api.services import BODY, Caller, Daemon


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


SETTINGS = "/api/v1/users/settings"


def changed(caller: Caller, body: object = None) -> object:
    answer = caller.post(SETTINGS, body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


def test_settings_are_read_and_changed_by_their_own_user(alice: Caller, bob: Caller) -> None:
    assert changed(alice) == {"mail_on_cancel": True}
    assert changed(alice, {"mail_on_cancel": False}) == {"mail_on_cancel": False}
    assert changed(alice) == changed(alice, {"mail_on_cancel": None}) == {"mail_on_cancel": False}
    assert changed(bob) == {"mail_on_cancel": True}
    assert changed(alice, {"mail_on_cancel": True}) == {"mail_on_cancel": True}
    assert changed(alice) == {"mail_on_cancel": True}


@pytest.mark.parametrize("wrong", ["false", 0, 2, [], {}])
def test_a_setting_of_the_wrong_kind_is_a_sentence(alice: Caller, wrong: object) -> None:
    answer = alice.post(SETTINGS, {"mail_on_cancel": wrong})
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("mail_on_cancel is ")
    assert changed(alice) == {"mail_on_cancel": True}


@pytest.mark.parametrize("wanted", [True, False])
def test_a_cancel_of_ones_own_is_mailed_only_if_that_is_wanted(
    alice: Caller,
    no_slot: None,
    scrapyd: Daemon,
    store: Store,
    notices: Notices,
    mailbox: Mailbox,
    jobs: Jobs,
    wanted: bool,
) -> None:
    """The webhook is called all the same; so is the mail of a run that failed."""
    changed(alice, {"mail_on_cancel": wanted})
    collection = alice.schedule(webhook_url="https://hooks.example.org/x")
    alice.cancel(collection)
    jobs.finish_cancel(store.runners.open()[0])
    kinds = [notice["kind"] for notice in kept(store)]
    assert sorted(kinds) == (["mail", "webhook"] if wanted else ["webhook"])
    deliver_all(notices)
    subjects = [message["Subject"] for message in mailbox.messages]
    assert len(subjects) == wanted
    assert all(subject.startswith("Cancelled: ") for subject in subjects)


def test_a_cancel_on_the_console_and_a_failure_are_still_mailed(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    changed(alice, {"mail_on_cancel": False})
    for error in (Cancelled("Cancelled by user"), Cancelled("stopped")):
        runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY), [])
        store.runners.end(runner.id, Outcome.failed(error, 0))
    deliver_all(notices)
    assert len(mailbox.messages) == 2
