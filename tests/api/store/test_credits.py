"""Credits: one for each product kept, never one too many, whatever happens at the same moment."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.runners.lifecycle import Jobs
from api.store import NotEnoughCredits, Store
from api.store.limits import OwnLimits
from api.store.records import Credits, Outcome, StoredRequest
from api.store.stage import Stage
from tests.api.services import BODY, CATEGORY, ENDED, Caller, Daemon, refresh_all
from tests.crawls import Home
from tests.storefront import Storefront
from tests.waiting import until


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "api.db")


def limited(store: Store, number: int) -> int:
    return store.users.add("a@example.org", "a", "hash", number)


def give(app: Flask, caller: Caller, number: int) -> None:
    app.extensions["services"].store.credits.grant(caller.user, number)


def shown(caller: Caller) -> tuple[Any, ...]:
    """Available, used, frozen, spendable."""
    values = caller.post("/api/v1/users/credits").get_json()["data"]
    names = ("available_credits", "used_credits", "frozen_credits", "spendable")
    assert set(values) == set(names)
    return tuple(values[name] for name in names)


def check_books(store: Store) -> None:
    """What users have frozen and used is what their runners say."""
    for user in store.users.all():
        ((frozen, used),) = store.db.conn.execute(
            "SELECT coalesce(sum(CASE WHEN reserved IS NOT NULL AND (stage IN ('queued', "
            "'scraping') OR is_stopping) THEN reserved - charged END), 0), "
            "coalesce(sum(charged), 0) FROM runners "
            "JOIN collections ON collections.id = collection WHERE user = ?",
            (user.id,),
        ).fetchall()
        held = store.credits.of(user.id)
        assert (held.frozen_credits, held.used_credits) == (frozen, used)
        if held.available_credits is not None:
            assert held.available_credits >= used + frozen, "no debt"


@pytest.mark.parametrize(("kept", "used"), [(0, 0), (3, 3), (10, 10), (12, 10)])
@pytest.mark.parametrize("stage", [Stage.DONE, Stage.FAILED])
def test_an_end_pays_what_is_kept_and_gives_the_rest_back(
    store: Store, stage: Stage, kept: int, used: int
) -> None:
    user = limited(store, 100)
    runner = store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 10)
    assert store.credits.of(user).spendable == 90
    assert store.runners.end(runner.id, Outcome(stage, asin_count=kept))
    assert not store.runners.end(runner.id, Outcome(stage, asin_count=9)), "only the first end pays"
    assert store.credits.of(user) == Credits(100, used, 0, 100 - used)


@pytest.mark.parametrize(("final", "used"), [(4, 4), (7, 7), (50, 10)])
def test_a_dying_spider_pays_within_its_reserve(store: Store, final: int, used: int) -> None:
    user = limited(store, 10)
    runner = store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 10)
    store.runners.end(runner.id, Outcome(Stage.FAILED, asin_count=4, is_stopping=True))
    left = store.credits.of(user)
    assert (left.used_credits, left.frozen_credits, left.spendable) == (4, 6, 0)
    assert store.runners.see_out(runner.id, final)
    assert not store.runners.see_out(runner.id, 10)
    left = store.credits.of(user)
    assert (left.used_credits, left.frozen_credits, left.spendable) == (used, 0, 10 - used)


def test_a_collection_undone_costs_nothing(store: Store) -> None:
    user = limited(store, 10)
    store.runners.remove_collection(
        store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 10).collection.id
    )
    assert store.credits.of(user).spendable == 10


def test_without_limit_counts_all_the_same(store: Store) -> None:
    user = store.users.add("a@example.org", "a", "hash")
    runner = store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 10)
    assert runner.reserved is None
    store.credits.grant(user, 5)
    store.runners.end(runner.id, Outcome(Stage.DONE, asin_count=700))
    assert store.credits.of(user) == Credits(705, 700, 0, 5)
    store.credits.grant_without_limit(user)
    assert store.credits.of(user).spendable is None


def test_what_is_frozen_cannot_be_taken_back(store: Store) -> None:
    user = limited(store, 10)
    store.runners.add_collection(user, "Lamps", StoredRequest({}), [], 4)
    store.credits.grant(user, -100)
    assert store.credits.of(user).available_credits == 4
    assert store.credits.of(user).spendable == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_books_agree_after_any_history(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    users = [limited(store, 60), store.users.add("b@example.org", "b", "other hash")]
    runners: list[int] = []
    for _ in range(120):
        match chance.randrange(6):
            case 0 | 1:
                user = chance.choice(users)
                try:
                    runners.append(
                        store.runners.add_collection(user, "x", StoredRequest({}), [], 20).id
                    )
                except NotEnoughCredits:
                    assert store.credits.of(user).spendable == 0
            case 2 if runners:
                is_stopping = chance.choice([False, True])
                stage = chance.choice([Stage.DONE, Stage.FAILED])
                store.runners.end(
                    chance.choice(runners),
                    Outcome(stage, asin_count=chance.randrange(25), is_stopping=is_stopping),
                )
            case 3 if runners:
                store.runners.see_out(chance.choice(runners), chance.randrange(30))
            case 4:
                store.credits.grant(chance.choice(users), chance.randrange(-20, 40))
            case 5 if chance.random() < 0.2:
                store.credits.grant_without_limit(chance.choice(users))
        check_books(store)


def test_requests_at_the_same_moment_share_what_is_there(
    app: Flask, alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 5
    give(app, alice, 50)
    gate = threading.Barrier(200)

    def schedule(_: int) -> int:
        client = app.test_client()
        gate.wait()
        answer = client.post(
            f"{CATEGORY}/add_schedule/",
            json=BODY | {"max_products": 1},
            headers={"x-api-key": alice.key},
        )
        return answer.status_code

    with ThreadPoolExecutor(200) as clients:
        codes = list(clients.map(schedule, range(200)))
    assert (codes.count(200), codes.count(402)) == (50, 150)
    assert shown(alice) == (50, 0, 50, 0)
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 50
    check_books(app.extensions["services"].store)


def test_stores_of_several_processes_share_what_is_there(store: Store, tmp_path: Path) -> None:
    """The API, the watcher and commands each have a store: no lock of one is the others' too."""
    user = limited(store, 40)
    gate = threading.Barrier(8)

    def schedule(_: int) -> int:
        own = Store(tmp_path / "api.db")
        gate.wait()
        made = 0
        with suppress(NotEnoughCredits):
            while True:
                own.runners.add_collection(user, "Lamps", StoredRequest({}), [], 1)
                made += 1
        return made

    with ThreadPoolExecutor(8) as stores:
        assert sum(stores.map(schedule, range(8))) == 40
    check_books(store)


def test_no_credit_no_run(app: Flask, alice: Caller, scrapyd: Daemon) -> None:
    give(app, alice, 0)
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert (answer.status_code, answer.get_json()["code"]) == (402, 402)
    assert answer.get_json()["data"].startswith("Not enough credits — ")
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 0


@pytest.mark.parametrize(
    ("credits_left", "fields", "kept", "why"),
    [
        (30, {}, 30, "the run stopped at 30 products, which its credits pay for"),
        (59, {}, 59, "the run stopped at 59 products, which its credits pay for"),
        (60, {}, 60, "every one of the 60 products reported was found"),
        (
            *(30, {"max_products": 59}, 30),
            "the run stopped at 30 products, which its credits pay for",
        ),
        (30, {"max_products": 30}, 30, "the run stopped at max_products 30"),
        (100, {"max_products": 59}, 59, "the run stopped at max_products 59"),
    ],
)
def test_a_run_ends_where_its_credits_do(
    app: Flask,
    alice: Caller,
    scrapyd: Daemon,
    credits_left: int,
    fields: dict[str, Any],
    kept: int,
    why: str,
) -> None:
    give(app, alice, credits_left)
    result = alice.until(alice.schedule(**fields), *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", kept)
    assert len(result["asins"]) == kept
    assert result["coverage"]["why"] == why
    assert result["coverage"]["complete"] is (kept == 60)
    assert shown(alice) == (credits_left, kept, 0, credits_left - kept)


def test_a_run_ends_where_the_products_of_a_day_do(
    app: Flask, alice: Caller, scrapyd: Daemon
) -> None:
    app.extensions["services"].store.limits.put(alice.user, OwnLimits(products_a_day=40))
    first = alice.until(alice.schedule(max_products=30), *ENDED)
    assert first["coverage"]["why"] == "the run stopped at max_products 30"
    second = alice.until(alice.schedule(), *ENDED)
    assert (second["stage"], len(second["asins"])) == ("done", 10)
    assert second["coverage"]["complete"] is False
    assert second["coverage"]["why"] == (
        "the run stopped at 10 products, which its user's limit of products a day has left for it"
    )
    third = alice.result(alice.schedule())
    assert (third["stage"], third["waiting_reason"]) == ("queued", "products_a_day")
    assert third["progress"]["queue_position"] is None
    assert "or until 00:00 UTC" in third["waiting_message"]
    assert alice.cancel(third["collection"])


def test_a_run_told_of_its_few_credits(app: Flask, alice: Caller, scrapyd: Daemon) -> None:
    give(app, alice, 30)
    added = alice.post(f"{CATEGORY}/add_schedule/", BODY).get_json()["data"]
    assert added["warnings"] == ["Your credits pay for 30 products: the run ends there"]
    assert alice.result(added["id"])["warnings"] == added["warnings"]
    assert shown(alice) == (30, 0, 30, 0)


def test_a_client_sets_no_credit_limit(app: Flask, alice: Caller, scrapyd: Daemon) -> None:
    give(app, alice, 30)
    body = BODY | {"credit_limit": 1_000_000, "max_products": 5}
    added = alice.post(f"{CATEGORY}/add_schedule/", body).get_json()["data"]
    assert added["warnings"] == ["credit_limit is not a known field"]
    assert alice.until(added["id"], *ENDED)["asin_count"] == 5


def test_a_failed_run_pays_its_rows(
    app: Flask, alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.wrong_location_from = 2
    give(app, alice, 100)
    result = alice.until(alice.schedule(), *ENDED)
    assert (result["stage"], result["asin_count"]) == ("failed", 24)
    assert shown(alice) == (100, 24, 0, 76)


def test_a_cancelled_run_pays_its_rows_once_it_is_gone(
    app: Flask, alice: Caller, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    jobs: Jobs = app.extensions["services"].jobs
    give(app, alice, 100)
    collection = alice.schedule()
    alice.until_moving(collection)
    alice.cancel(collection)
    assert shown(alice) == (100, 24, 76, 0)
    until(lambda: refresh_all(jobs) or jobs.store.runners.open(), lambda runners: not runners)
    assert shown(alice) == (100, 24, 0, 76)
    assert alice.result(collection)["asin_count"] == 24


def test_scrapyd_away_costs_nothing(app: Flask, alice: Caller, home: Home) -> None:
    give(app, alice, 100)
    assert alice.post(f"{CATEGORY}/add_schedule/", BODY).status_code == 503
    assert shown(alice) == (100, 0, 0, 100)
