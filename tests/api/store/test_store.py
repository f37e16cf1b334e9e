"""Records: one winner for each move, under several threads and processes."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from api.store import Store
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from api.store.tables import migrations
from category_crawler.files.home import PROJECT

REQUEST = {"domain": "amazon.com.au"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "api.db")


@pytest.fixture
def runner(store: Store) -> int:
    user = store.users.add("a@example.org", "a", "hash")
    added = store.runners.add_collection(user, "Lamps", StoredRequest(REQUEST), [])
    number: int = added.id
    return number


def winners(move: Callable[[], bool], number: int = 20) -> int:
    """How many of that many simultaneous movers are told that they did it."""
    gate = threading.Barrier(number)
    told: list[bool] = []

    def go() -> None:
        gate.wait()
        told.append(move())

    threads = [threading.Thread(target=go) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == number
    return sum(told)


def test_one_ends_a_runner(store: Store, runner: int) -> None:
    assert (
        winners(lambda: store.runners.end(runner, Outcome(Stage.FAILED, failed_reason="cancelled")))
        == 1
    )


def test_one_starts_it_and_one_sees_its_job_out(store: Store, runner: int) -> None:
    assert winners(lambda: store.runners.start(runner, "2026-01-01T00:00:00Z")) == 1
    store.runners.end(runner, Outcome(Stage.FAILED, is_stopping=True))
    assert winners(lambda: store.runners.see_out(runner, 3)) == 1


@pytest.mark.parametrize(
    ("first", "second"), [(Stage.DONE, Stage.FAILED), (Stage.FAILED, Stage.DONE)]
)
def test_an_end_never_changes(store: Store, runner: int, first: Stage, second: Stage) -> None:
    assert store.runners.end(runner, Outcome(first, asin_count=3))
    before = store.runners.get(runner)
    assert not store.runners.end(runner, Outcome(second, asin_count=4))
    assert not store.runners.start(runner, "2026-01-01T00:00:00Z")
    assert store.runners.get(runner) == before


def test_open_runners_are_those_with_something_left_to_do(store: Store, runner: int) -> None:
    assert [row.id for row in store.runners.open()] == [runner]
    store.runners.end(runner, Outcome(Stage.FAILED, is_stopping=True))
    assert [row.id for row in store.runners.open()] == [runner]
    store.runners.see_out(runner, 0)
    assert store.runners.open() == []


def test_a_collection_is_undone_whole(store: Store, runner: int) -> None:
    store.runners.remove_collection(1)
    assert store.runners.get(runner) is None
    for table in ("collections", "runners", "attempts"):
        assert store.db[table].count == 0
    assert store.users.all(), "its user stays"


def test_numbers_are_never_given_twice(store: Store, runner: int) -> None:
    store.runners.remove_collection(1)
    again = store.runners.add_collection(1, "Lamps", StoredRequest(REQUEST), [])
    assert again.id > runner, "a job of the old name may still be at Scrapyd"


def test_an_address_is_one_user(store: Store, runner: int) -> None:
    with pytest.raises(ValueError, match=r"A@example\.org"):
        store.users.add("A@example.org", "a", "other hash")


_WRITER = """
import sys
from pathlib import Path
from api.store import Store
from api.store.tables import migrations

store = Store(Path(sys.argv[1]))
for turn in range(10):
    store.users.add(f"{sys.argv[2]}-{turn}@example.org", "x", f"{sys.argv[2]}-{turn}")
"""


def test_processes_share_a_new_database(tmp_path: Path) -> None:
    path = tmp_path / "api.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(number)], cwd=PROJECT)
        for number in range(5)
    ]
    assert [process.wait(60) for process in processes] == [0] * 5
    assert len(Store(path).users.all()) == 50


def test_a_database_of_before_credits_goes_on(tmp_path: Path) -> None:
    """Its users are without limit, and a runner that was open ends, is counted and told of."""
    path = tmp_path / "api.db"
    old = Database(path)
    migrations.apply(old, stop_before="add_accounts")
    now = {"created_at": "2026-01-01T00:00:00Z"}
    old["users"].insert({"email": "a@example.org", "name": "a"} | now)
    old["credentials"].insert({"hash": "hash", "user": 1, "kind": "key"} | now)
    collection = {"user": 1, "name": "Lamps", "request_type": "x", "request": "{}"}
    old["collections"].insert(collection | {"warnings": "[]"} | now)
    old["runners"].insert({"collection": 1, "stage": "scraping", "attempt": 1} | now)
    old.close()
    store = Store(path)
    found = store.users.credential("hash")
    assert found is not None
    assert store.runners.end(1, Outcome(Stage.DONE, asin_count=7))
    credits_left = store.credits.of(found.user.id)
    assert (credits_left.used_credits, credits_left.spendable) == (7, None)
    assert [row["target"] for row in store.db["notices"].rows] == ["a@example.org"]


def test_a_full_disk_leaves_no_transaction_open(tmp_path: Path) -> None:
    store = Store(tmp_path / "api.db")
    connection = store.db.conn
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.users.add("ann@example.org", "a" * 100_000, "hash")
    # One that were open would keep others from writing; SQLite counts the pages for a connection.
    other = sqlite3.connect(tmp_path / "api.db", timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()
    assert store.users.add("ann@example.org", "ann", "hash") > 0


def test_cancels_of_an_older_database_are_finished(tmp_path: Path) -> None:
    path = tmp_path / "api.db"
    db = Database(path)
    migrations.apply(db, stop_before="simplify_stopping")
    user = {"email": "a@example.org", "name": "a", "created_at": "2026-01-01T00:00:00Z"}
    db["users"].insert(user)
    for stage, stopping in (("done", None), ("failed", "asked"), ("failed", "killed")):
        db.conn.execute(
            "INSERT INTO collections (user, name, request_type, request, warnings, created_at) "
            "VALUES (1, 'Lamps', 'amazon_category_scrape', '{}', '[]', '2026-01-01T00:00:00Z')"
        )
        db.conn.execute(
            "INSERT INTO runners (collection, stage, stopping, attempt, created_at) "
            "VALUES ((SELECT max(id) FROM collections), ?, ?, 1, '2026-01-01T00:00:00Z')",
            (stage, stopping),
        )
    db.conn.commit()
    db.close()
    store = Store(path)
    assert [runner.id for runner in store.runners.open()] == [2, 3]
    assert all(runner.is_stopping for runner in store.runners.open())


def test_sessions_of_one_postcode_become_one(tmp_path: Path) -> None:
    """A user who had both keeps one; a US code keeps its hyphen."""
    path = tmp_path / "api.db"
    db = Database(path)
    migrations.apply(db, stop_before="unite_postcodes")
    now = {"created_at": "2026-01-01T00:00:00Z"}
    for name in ("a", "b"):
        db["users"].insert({"email": f"{name}@example.org", "name": name} | now)
    state = {"status": "active", "attempt": 1, "updated_at": now["created_at"]} | now
    places = (
        ("amazon.co.jp", "1000001"),
        ("amazon.co.jp", "100-0001"),
        ("amazon.pl", "00-001"),
        ("amazon.com", "20105-1234"),
    )
    for domain, postcode in places:
        db["sessions"].insert({"domain": domain, "postcode": postcode} | state)
    for user, session in ((1, 1), (1, 2), (2, 2), (2, 3), (2, 4)):
        db["zipcodes"].insert({"user": user, "session": session} | now)
    db.close()
    store = Store(path)
    had = {
        user: [(z.session.domain, z.session.postcode) for z in store.sessions.zipcodes(user)]
        for user in (1, 2)
    }
    assert had == {
        1: [("amazon.co.jp", "1000001")],
        2: [("amazon.co.jp", "1000001"), ("amazon.pl", "00001"), ("amazon.com", "20105-1234")],
    }
    assert store.sessions.of("amazon.co.jp", "100-0001") is None


def test_a_warning_of_few_credits_goes_with_its_run(tmp_path: Path) -> None:
    path = tmp_path / "api.db"
    db = Database(path)
    migrations.apply(db, stop_before="create_schedules")
    now = {"created_at": "2026-01-01T00:00:00Z"}
    db["users"].insert({"email": "a@example.org", "name": "a"} | now)
    few = "Your credits pay for 5 products: the run ends there"
    for told in ([], ["a warning"], ["a warning", few]):
        request = {"user": 1, "name": "Lamps", "request_type": "x", "request": "{}"}
        db["collections"].insert(request | {"warnings": json.dumps(told)} | now)
    for collection in (1, 2, 3, 2):
        db["runners"].insert({"collection": collection, "stage": "done", "attempt": 1} | now)
    db.close()
    store = Store(path)
    total, runners = store.runners.page(1, None, 10, 0)
    assert (total, [one.id for one in runners]) == (3, [4, 3, 1])
    told = [(one.collection.warnings, one.warnings) for one in runners]
    assert told == [(["a warning"], []), (["a warning"], [few]), ([], [])]


def test_a_list_has_the_newest_runner_of_each_collection(store: Store, runner: int) -> None:
    store.runners.end(runner, Outcome(Stage.FAILED, failed_reason="blocked"))
    first = store.runners.get(runner)
    assert first is not None
    other = store.runners.add_collection(1, "Desks", StoredRequest(REQUEST), [])
    again = store.runners.add_again(first, 1, lambda: None, lambda _: None)
    assert again is not None

    def listed(stage: Stage | None = None, limit: int = 10, skip: int = 0) -> tuple[int, list[int]]:
        total, runners = store.runners.page(1, stage, limit, skip)
        return total, [one.id for one in runners]

    assert listed() == (2, [again.id, other.id])
    assert listed(limit=1) == (2, [again.id])
    assert listed(limit=1, skip=1) == (2, [other.id])
    assert listed(Stage.FAILED) == (0, [])
    assert store.runners.add_again(first, 1, lambda: None, lambda _: None) is None
    store.runners.remove(again.id)
    assert listed() == (2, [other.id, runner])
    assert listed(Stage.FAILED) == (1, [runner])
    assert listed(Stage.QUEUED) == (1, [other.id])
    store.runners.remove_collection(other.collection.id)
    assert listed() == (1, [runner])


def test_what_was_added_is_what_is_read(store: Store, runner: int) -> None:
    added = store.runners.add_collection(1, "Desks", StoredRequest(REQUEST), ["a warning"], 5)
    assert store.runners.get(added.id) == added
    following = store.runners.next_attempt(added, 7, 1)
    assert following == store.runners.get(added.id)
    store.runners.start(added.id, "2026-01-01T00:00:00Z")
    assert following is not None
    assert store.runners.next_attempt(following, 9, 0) == store.runners.get(added.id)
    again = store.runners.add(added, 3, 2)
    assert again is not None
    assert again == store.runners.get(again.id)
