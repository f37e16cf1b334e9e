"""Records: what is stored comes out with its types, and words are no texts."""

from pathlib import Path

import pytest

from api.store import Store
from api.store.records import Credits, NoticeKind, Outcome, SessionStatus, StoredRequest
from api.store.stage import Stage
from category_crawler.errors import Blocked

REQUEST = {"domain": "amazon.com.au", "postcode": "4500", "max_products": 7}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "api.db")
    made.users.add("a@example.org", "a", "hash", 10)
    return made


def test_a_runner_comes_with_its_collection(store: Store) -> None:
    made = store.runners.add_collection(1, "Lamps", StoredRequest(REQUEST), ["a warning"])
    collection = made.collection
    assert (made.id, made.stage, made.is_stopping, made.coverage) == (1, Stage.QUEUED, False, None)
    assert (collection.id, collection.user, collection.name) == (1, 1, "Lamps")
    assert collection.warnings == ["a warning"]
    request = collection.request
    assert (request.fields, request.domain, request.postcode) == (REQUEST, "amazon.com.au", "4500")
    assert (request.priority, request.max_products) == ("Normal", 7)


def test_an_outcome_is_what_a_runner_says_from_then_on(store: Store) -> None:
    store.runners.add_collection(1, "Lamps", StoredRequest(REQUEST), [])
    outcome = Outcome(
        Stage.DONE, asin_count=3, coverage={"complete": True}, finished_at="2026-01-01T00:00:00Z"
    )
    assert store.runners.end(1, outcome)
    ended = store.runners.get(1)
    assert ended is not None
    assert ended.has_ended
    assert (ended.stage, ended.asin_count, ended.coverage) == (Stage.DONE, 3, {"complete": True})
    assert (ended.finished_at, ended.failed_reason) == ("2026-01-01T00:00:00Z", None)


def test_an_error_is_an_outcome(store: Store) -> None:
    store.runners.add_collection(1, "Lamps", StoredRequest(REQUEST), [])
    assert store.runners.end(1, Outcome.failed(Blocked("a captcha"), 2, is_stopping=True))
    (ended,) = store.runners.open()
    assert (ended.stage, ended.asin_count, ended.is_stopping) == (Stage.FAILED, 2, True)
    assert (ended.failed_reason, ended.failed_message) == ("blocked", "a captcha")


def test_a_credential_comes_with_its_user_and_shows_no_hash(store: Store) -> None:
    store.users.set_password(1, "secret hash")
    found = store.users.credential("hash")
    assert found is not None
    assert (found.hash, found.user.password_hash) == ("hash", "secret hash")
    assert found.user.is_active is True
    assert "hash='" not in repr(found)
    assert store.credits.of(1) == Credits(10, 0, 0, 10)


def test_a_zipcode_comes_with_its_session(store: Store) -> None:
    store.sessions.add_zipcode(1, "amazon.com", "10001", None, lambda: True)
    zipcode, _ = store.sessions.add_zipcode(1, "amazon.com.au", "4500", "Bray Park", lambda: False)
    assert (zipcode.id, zipcode.user, zipcode.session.id) == (2, 1, 2)
    assert (zipcode.session.status, zipcode.session.suburb) == (SessionStatus.PENDING, "Bray Park")
    assert store.sessions.of("amazon.com.au", "4500") == zipcode.session


def test_a_word_is_shown_as_it_is_stored() -> None:
    assert f"{NoticeKind.MAIL} {Stage.DONE} {SessionStatus.IN_PROGRESS}" == "mail done in-progress"


def test_a_word_is_no_text() -> None:
    assert not isinstance(Stage.DONE, str), "mypy refuses to compare the two"
