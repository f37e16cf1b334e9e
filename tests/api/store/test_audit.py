"""The audit trail in the database."""

from pathlib import Path

import pytest

from api.store import Store
from api.store.audit import Act, Origin, What, Who, about
from category_crawler.times import utc_in

ANN = Who(1, "ann@example.org")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "api.db")


def act(what: What = What.SET_ROLE) -> Act:
    return Act(what, Origin.COMMAND, lambda: ANN)


def _twice(store: Store) -> None:
    for _ in range(2):
        store.users.add("b@example.org", "b", "key")


def test_a_row_is_written_in_the_transaction_of_the_deed(store: Store) -> None:
    with pytest.raises(RuntimeError), store.audit.acting(act()), store._file.writing():
        raise RuntimeError
    assert store.audit.latest(10) == [], "what was undone was not done"
    with pytest.raises(ValueError, match="already"), store.audit.acting(act()):
        _twice(store)
    (deed,) = store.audit.latest(10)
    assert (deed.outcome, deed.thing) == ("refused", "user b@example.org")


def test_a_deed_that_a_kill_cuts_off_has_no_end(store: Store) -> None:
    begun = act()
    store.audit.begin(begun)
    store.users.add("b@example.org", "b", "key")
    store.audit.leave()
    (deed,) = store.audit.latest(10)
    assert (deed.outcome, deed.who, deed.what) == (None, "ann@example.org", "set role")
    store.audit.end(begun, "done")
    assert store.audit.latest(10)[0].outcome == "done"


def test_a_deed_of_many_transactions_is_one_row(store: Store) -> None:
    with store.audit.acting(act()):
        user = store.users.add("b@example.org", "b", "key")
        store.users.set_active(user, active=False)
        about("something")
    store.users.set_active(user, active=True)
    (deed,) = store.audit.latest(10)
    assert (deed.thing, deed.outcome) == ("something", "done")


def test_nothing_is_recorded_of_what_changes_nothing(store: Store) -> None:
    with store.audit.acting(act()):
        store.users.all()
    assert store.audit.latest(10) == []
    with store.audit.acting(act(What.DRAIN_NODE)):
        pass
    assert [one.what for one in store.audit.latest(10)] == ["drain node"]


def test_the_trail_is_filtered_and_forgotten(store: Store) -> None:
    for number in range(5):
        with store.audit.acting(act()):
            store.users.add(f"{number}@example.org", "b", f"key{number}")
    assert [one.id for one in store.audit.latest(2)] == [5, 4]
    assert [one.id for one in store.audit.latest(2, before=4)] == [3, 2]
    assert store.audit.latest(9, who="Bob@example.org") == []
    assert len(store.audit.latest(9, who="ANN@example.org")) == 5
    assert store.audit.latest(9, since=utc_in(60)) == []
    assert len(store.audit.latest(9, since=utc_in(-60))) == 5
    store.audit.forget(utc_in(-60))
    assert len(store.audit.latest(9)) == 5
    store.audit.forget(utc_in(60))
    assert store.audit.latest(9) == []
