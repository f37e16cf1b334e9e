"""The operator's commands that list something, and those about limits and keys, in process."""

import pytest
from flask import Flask

from api.store import Store
from api.store.limits import OwnLimits
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from tests.api.services import BODY, CATEGORY, Caller


def run(app: Flask, *words: str) -> str:
    """What a command prints on both outputs; it must succeed."""
    ended = app.test_cli_runner().invoke(args=words)
    assert ended.exit_code == 0, ended.output
    return str(ended.output)


def refused(app: Flask, *words: str) -> str:
    ended = app.test_cli_runner().invoke(args=words)
    assert ended.exit_code > 0
    assert "Traceback" not in ended.output
    return str(ended.output)


def add(store: Store, user: int, name: str) -> int:
    return store.runners.add_collection(user, name, StoredRequest(BODY), []).id


def test_runs_are_listed_by_user_stage_and_collection(
    app: Flask, store: Store, alice: Caller, bob: Caller
) -> None:
    first, second = add(store, alice.user, "Lamps\x1b[2J"), add(store, bob.user, "Chairs")
    for _ in range(2):
        third = add(store, bob.user, "Desks")
    store.runners.end(first, Outcome(Stage.FAILED, 7, failed_reason="blocked"))
    heading, *rows = run(app, "runners", "list").splitlines()
    assert heading.split()[:5] == ["RUN", "COLLECTION", "USER", "STAGE", "PRODUCTS"]
    assert [row.split()[:5] for row in rows] == [
        [str(third), "4", "bob@example.org", "held", "0"],
        ["3", "3", "bob@example.org", "queued", "0"],
        [str(second), "2", "bob@example.org", "queued", "0"],
        [str(first), "1", "alice@example.org", "failed", "7"],
    ]
    assert rows[0].split()[-1] == "turn"
    assert rows[3].split()[-1] == "blocked"
    assert "\x1b" not in rows[3]
    for words, runs in (
        (("--user", "bob@example.org"), ["4", "3", "2"]),
        (("--stage", "failed"), ["1"]),
        (("--collection", "2"), ["2"]),
        (("--limit", "2"), ["4", "3"]),
    ):
        listed = run(app, "runners", "list", *words).splitlines()[1:]
        assert [row.split()[0] for row in listed] == runs, words
    assert "there is no user x@y.org" in refused(app, "runners", "list", "--user", "x@y.org")


def test_sessions_are_listed_with_their_users(app: Flask, store: Store, alice: Caller) -> None:
    store.sessions.add_zipcode(alice.user, "amazon.com.au", "4500", "BRAY PARK", lambda: True)
    store.sessions.add_zipcode(alice.user, "amazon.com.au", "2000", None, lambda: False)
    heading, *rows = run(app, "zipcodes", "list").splitlines()
    assert heading.split() == ["SHOP", "POSTCODE", "SUBURB", "STATE", "AGE", "USERS", "WHY"]
    assert rows[0].split()[:4] == ["amazon.com.au", "2000", "-", "pending"]
    assert "BRAY PARK  active" in rows[1]
    assert rows[1].split()[-2] == "alice@example.org"
    assert rows[1].split()[-4:-2] != ["-", "-"], "the cookies are there, so their age is known"


def test_a_new_key_ends_the_old_one(app: Flask, alice: Caller) -> None:
    key = run(app, "users", "key", "alice@example.org").split()[-1]
    assert alice.post(f"{CATEGORY}/list/").status_code == 401
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": key})
    assert answer.status_code == 200


def test_limits_are_set_shown_and_cleared(app: Flask, store: Store, alice: Caller) -> None:
    email = "alice@example.org"
    shown = run(
        *(app, "users", "limits", email, "--running", "3", "--priority", "Normal"),
        *("--products-a-day", "20000"),
    )
    assert shown.splitlines()[:4] == [
        "running\t3\town",
        "priority\tNormal\town",
        "products_a_day\t20000\town",
        "running\t0\tnow",
    ]
    assert store.limits.own(alice.user) == OwnLimits(3, "Normal", 20_000)
    run(app, "users", "limits", email, "--running", "unlimited", "--priority", "default")
    assert store.limits.own(alice.user) == OwnLimits(0, None, 20_000)
    assert " unlimited " in run(app, "users", "list").splitlines()[1]
    run(app, "users", "limits", email)
    assert store.limits.own(alice.user) == OwnLimits(0, None, 20_000)
    run(app, "users", "limits", email, "--clear")
    assert store.limits.own(alice.user) == OwnLimits()
    for wrong in ("0", "-1", "many", "1.5"):
        assert "it must be a whole number" in refused(
            app, "users", "limits", email, f"--running={wrong}"
        )


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_user_is_deleted_with_open_runs_only_where_they_may_be_cancelled(
    app: Flask, store: Store, alice: Caller, is_cancelled: bool
) -> None:
    store.limits.put(alice.user, OwnLimits(running=1))
    first, held = add(store, alice.user, "Lamps"), add(store, alice.user, "Chairs")
    store.runners.end(first, Outcome(Stage.DONE, 5))
    store.limits.put(alice.user, OwnLimits())
    email = "alice@example.org"
    assert "is not disabled" in refused(app, "users", "delete", email, "--yes", "--cancel")
    store.users.set_active(alice.user, active=False)
    if not is_cancelled:
        assert f"Runner {held} of collection" in refused(app, "users", "delete", email, "--yes")
        assert store.users.get(alice.user) is not None
        return
    told = run(app, "users", "delete", email, "--yes", "--cancel")
    assert told.splitlines() == [
        "1 run cancelled",
        f"{email} is deleted, with 2 collections, 2 runs, 0 postcodes; exported copies stay",
    ]
    assert store.users.get(alice.user) is None
    assert store.runners.get(held) is None
