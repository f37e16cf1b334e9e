"""The database of every earlier version is brought up to date, and says what it said.

``fixtures/`` has one for each form that the tables have had, named after its last migration. Each
was written by the program of that time, with ``iterdump``. When a version adds migrations, add the
database that the last one writes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.store import Store, StoreTooNew
from api.store.records import Role, SessionStatus
from api.store.stage import Stage
from tests.api.services import flask
from tests.crawls import Home

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.sql"))


def database(folder: Path, dump: Path) -> Path:
    """A database file of an earlier version."""
    path = folder / "api.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())
    return path


def columns(store: Store) -> dict[str, set[tuple[str, str, int]]]:
    """What the tables are made of, and the indexes."""
    named = store.db.conn.execute(
        "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    ).fetchall()
    tables = [name for kind, name in named if kind == "table"]
    found = {
        table: {
            (name, kind, filled)
            for _, name, kind, filled, *_ in store.db.conn.execute(f"PRAGMA table_info({table})")
        }
        for table in tables
    }
    return found | {name: set() for kind, name in named if kind == "index"}


def test_there_is_one_of_each_form() -> None:
    numbers = [int(path.name[:2]) for path in FIXTURES]
    assert numbers == [1, 2, *range(4, 12), 13, *range(17, 26)]


@pytest.mark.parametrize("dump", FIXTURES, ids=lambda path: path.stem)
def test_an_earlier_database_is_read_whole(tmp_path: Path, dump: Path) -> None:
    store = Store(database(tmp_path, dump))
    fresh = Store(tmp_path / "fresh.db")
    assert columns(store) == columns(fresh)
    assert store.schema == fresh.schema
    assert store.db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert [(one.email, one.role) for one in store.users.all()] == [
        ("ann@example.org", Role.OPERATOR),
        ("bob@example.org", Role.USER),
    ]
    known = store.users.credential("a" * 64)
    assert known is not None
    assert known.user.email == "ann@example.org"
    assert store.credits.of(1).spendable is None
    runs(store)
    if int(dump.name[:2]) > 1:
        sessions(store)
    fresh.close()
    store.close()


def runs(store: Store) -> None:
    """Every runner and collection is there, and may go on."""
    total, newest = store.runners.page(1, None, 10, 0)
    assert (total, [one.id for one in newest]) == (2, [3, 1])
    done, blocked, cancelled, going_on = map(store.runners.get, range(1, 5))
    assert done and blocked and cancelled and going_on  # noqa: PT018 - mypy needs each
    assert (done.stage, done.asin_count, done.finished_at) == (Stage.DONE, 48, _ENDED)
    assert (done.coverage or {})["complete"] is True
    assert done.warnings == ["Your credits pay for 5 products"]
    assert done.collection.warnings == ["A warning of the request"]
    assert (done.collection.name, done.collection.request.postcode) == ("Lamps", "4500")
    assert (blocked.failed_reason, blocked.asin_count) == ("blocked", 5)
    assert (cancelled.was_cancelled, cancelled.is_stopping) == (True, True)
    assert [one.id for one in store.runners.open()] == [3, 4]
    assert {one.id for one in store.runners.ended("2100-01-01T00:00:00Z")} == {1, 2}
    assert [one.id for one in store.runners.unrecorded(10)] == [1, 2]
    assert store.runners.search(2, ["bob"], None, 10, 0)[0] == 1
    assert store.limits.use(2).running == 1
    assert store.schedules.of(1) is None
    assert store.alerts.rules(1) is None
    assert store.exports.of(1) == []
    following = store.runners.next_attempt(going_on, 0, 0)
    assert following is not None
    assert following.attempt == 2


_ENDED = "2026-11-20T06:09:00Z"


def sessions(store: Store) -> None:
    """Postcodes are written in one way, and each user has those that were asked for."""
    of_bob = store.sessions.zipcodes(2)
    found = {(one.session.domain, one.session.postcode): one.session for one in of_bob}
    assert {*found} == {("amazon.com.au", "4500"), ("amazon.co.jp", "1000001")}
    session = found["amazon.com.au", "4500"]
    assert (session.suburb, session.status) == ("BRAY PARK", SessionStatus.PENDING)
    assert [one.session.id for one in store.sessions.zipcodes(1)] == [session.id]


def test_a_newer_database_is_refused_and_left_as_it_is(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    path = tmp_path / "var" / "api.db"
    store = Store(path)
    store.db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('api', 'of_tomorrow', '')"
    )
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        before = [*connection.iterdump()]
    with pytest.raises(StoreTooNew, match="a newer version has changed it: of_tomorrow"):
        Store(path)
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    said = flask("users", "list")
    assert said.returncode != 0
    assert "cannot be used (a newer version has changed it: of_tomorrow): install that" in (
        said.stderr
    )
    assert "Traceback" not in said.stderr
    with closing(sqlite3.connect(path)) as connection:
        assert [*connection.iterdump()] == before
