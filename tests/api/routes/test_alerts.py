"""The calls of alerts: rules tried against the same comparison made in Python, and kept."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store.records import Outcome
from api.store.stage import Stage
from category_crawler.items import Product
from tests.api.routes.test_changes import COMPLETE, CUT, Runs
from tests.api.services import CATEGORY, Caller
from tests.records import product
from tests.waiting import until

SET, GET = f"{CATEGORY}/set_alerts/", f"{CATEGORY}/get_alerts/"
UNKNOWN = {"complete": None, "why": "the total is rounded"}


@pytest.fixture
def runs(app: Flask, alice: Caller) -> Runs:
    return Runs(app, alice)


def set_rules(runs: Runs, *rules: dict[str, Any], **fields: Any) -> Any:
    body = {"collection_id": runs.kept.collection, "rules": [*rules], **fields}
    answer = until(lambda: runs.owner.post(SET, body), lambda one: bool(one.status_code != 503))
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


def get_rules(runs: Runs) -> Any:
    answer = runs.owner.post(GET, {"collection_id": runs.kept.collection})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


def lamp(number: int, **values: Any) -> Product:
    return product(number, **{"currency": "AUD", "in_stock": True, "brand": "Acme"} | values)


def _market(dice: Random) -> tuple[list[Product], list[Product]]:
    """Two lists: some products go and some come, and prices and stock change."""
    prices = [None, *range(800, 1300, 25)]
    stocks, brands = (True, False, None), ("Acme", "ACME", "Bolt", None)
    before = [
        lamp(
            number,
            price_cents=dice.choice(prices),
            in_stock=dice.choice(stocks),
            brand=dice.choice(brands),
            title=dice.choice(("Desk lamp", "Lámpara de mesa", "Bulb")),
        )
        for number in range(600)
    ]
    after = [
        replace(one, price_cents=dice.choice(prices), in_stock=dice.choice(stocks))
        if dice.random() < 0.7
        else one
        for one in before[50:]
    ]
    after += [lamp(number, price_cents=dice.choice(prices)) for number in range(600, 650)]
    dice.shuffle(after)
    return before, after


Pair = tuple[Product | None, Product | None]


def _fell(percent: float) -> Callable[[Pair], bool]:
    def fits(pair: Pair) -> bool:
        was, now = (one.price_cents if one else None for one in pair)
        return (
            was is not None and now is not None and now < was and was - now >= was * percent / 100
        )

    return fits


def _below(cents: int) -> Callable[[Pair], bool]:
    def fits(pair: Pair) -> bool:
        was, now = (one.price_cents if one else None for one in pair)
        return now is not None and now < cents and (was is None or was >= cents)

    return fits


def _is_new(pair: Pair) -> bool:
    return pair[0] is None


def _is_gone(pair: Pair) -> bool:
    return pair[1] is None


def _is_back(pair: Pair) -> bool:
    return bool(pair[0] and pair[1] and pair[0].in_stock is False and pair[1].in_stock)


def _of_brand(pair: Pair, *names: str) -> bool:
    one = pair[1] or pair[0]
    return one is not None and (one.brand or "").lower() in names


RULES: list[tuple[dict[str, Any], Callable[[Pair], bool]]] = [
    ({"kind": "price_falls", "percent": 10}, _fell(10)),
    ({"kind": "price_falls", "percent": 12.5}, _fell(12.5)),
    ({"kind": "price_below", "cents": 1000}, _below(1000)),
    ({"kind": "new"}, _is_new),
    ({"kind": "gone"}, _is_gone),
    ({"kind": "back_in_stock"}, _is_back),
    ({"kind": "gone", "brand": "acme"}, lambda pair: _is_gone(pair) and _of_brand(pair, "acme")),
    (
        {"kind": "back_in_stock", "brand": ["Acme", "bolt"], "search": "LAMPARA"},
        lambda pair: (
            _is_back(pair)
            and _of_brand(pair, "acme", "bolt")
            and "Lámpara" in (pair[1].title if pair[1] else "")
        ),
    ),
]


def test_rules_are_tried_against_the_last_two_runs(runs: Runs) -> None:
    before, after = _market(Random(5))
    runs.add([lamp(9)])
    first, second = runs.add(before), runs.add(after)
    olds, news = ({one.asin: one for one in some} for some in (before, after))
    pairs = {asin: (olds.get(asin), news.get(asin)) for asin in olds.keys() | news}
    found = set_rules(runs, *(rule for rule, _ in RULES))
    assert (found["from_runner"], found["to_runner"]) == (first.id, second.id)
    assert (found["id"], found["saved"]) == (runs.kept.collection, True)
    assert "complete" in found["why"]
    for (rule, fits), tried in zip(RULES, found["rules"], strict=True):
        asins = {asin for asin, pair in pairs.items() if fits(pair)}
        assert 0 < len(asins) < len(pairs), rule
        assert (tried["count"], tried["not_tried"]) == (len(asins), None), rule
        assert {item["asin"] for item in tried["items"]} <= asins
        assert rule.items() <= tried["rule"].items()
    assert sum(len(tried["items"]) for tried in found["rules"]) == 20
    assert {len(tried["items"]) for tried in found["rules"]} == {2, 3}, "the rules share them"


def test_a_fall_is_counted_to_the_cent(runs: Runs) -> None:
    runs.add([lamp(1, price_cents=9999), lamp(2, price_cents=9999), lamp(3, price_cents=10_000)])
    runs.add([lamp(1, price_cents=8999), lamp(2, price_cents=9000), lamp(3, price_cents=9000)])
    (tried,) = set_rules(runs, {"kind": "price_falls", "percent": 10})["rules"]
    assert [item["asin"][-1] for item in tried["items"]] == ["1", "3"]
    (item, _) = tried["items"]
    assert (item["price_cents_before"], item["price_cents"], item["title"]) == (
        9999,
        8999,
        "Lamp 1",
    )
    (tried,) = set_rules(runs, {"kind": "price_falls", "percent": 0.01})["rules"]
    assert tried["count"] == 3


def test_a_price_in_another_currency_is_below_nothing(runs: Runs) -> None:
    runs.add([])
    runs.add([lamp(1, price_cents=500, currency="USD"), lamp(2, price_cents=500)])
    (tried,) = set_rules(runs, {"kind": "price_below", "cents": 501})["rules"]
    assert [item["asin"][-1] for item in tried["items"]] == ["2"]


def test_what_was_not_seen_is_never_gone(runs: Runs) -> None:
    runs.add([lamp(1), lamp(2)])
    runs.add([lamp(1)], CUT)
    found = set_rules(runs, {"kind": "gone"})
    assert found["rules"][0]["count"] == 0
    assert "not_seen" in found["why"]


COVERAGES = [
    (COMPLETE, CUT, 1),
    (COMPLETE, UNKNOWN, 1),
    (COMPLETE, COMPLETE, 0),
    (CUT, CUT, 0),
    (UNKNOWN, CUT, 0),
]


@pytest.mark.parametrize(("before", "after", "count"), COVERAGES)
def test_coverage_is_told_when_it_is_lost(
    runs: Runs, before: dict[str, Any], after: dict[str, Any], count: int
) -> None:
    runs.add([lamp(1)], before)
    runs.add([lamp(1)], after)
    (tried,) = set_rules(runs, {"kind": "coverage_not_complete"})["rules"]
    assert (tried["count"], tried["not_tried"]) == (count, None)


def test_how_the_last_run_ended_is_tried_too(runs: Runs) -> None:
    rules = ({"kind": "new"}, {"kind": "coverage_not_complete"}, {"kind": "run_failed"})
    runs.add([lamp(1)])
    done = runs.add([lamp(1), lamp(2)])
    runs.add([lamp(3)], CUT, stage=Stage.FAILED)
    cancelled = runs._next()
    runs.store.runners.end(cancelled.id, Outcome(Stage.FAILED, failed_reason="cancelled"))
    found = set_rules(runs, *rules)
    assert [tried["count"] for tried in found["rules"]] == [1, 1, 1]
    assert found["to_runner"] == done.id, "the list of a run that failed is not compared"


def test_a_cancelled_run_does_not_count_as_failed(runs: Runs) -> None:
    runs.add([lamp(1)])
    runs.store.runners.end(runs._next().id, Outcome(Stage.FAILED, failed_reason="cancelled"))
    (tried,) = set_rules(runs, {"kind": "run_failed"})["rules"]
    assert (tried["count"], tried["not_tried"]) == (0, None)


def test_what_cannot_be_tried_is_saved_and_said(runs: Runs) -> None:
    rules = ({"kind": "new"}, {"kind": "coverage_not_complete"}, {"kind": "run_failed"})

    def why() -> list[str | None]:
        found = set_rules(runs, *rules)
        assert found["saved"]
        assert (found["from_runner"], found["to_runner"]) == (None, None)
        assert [rule["kind"] for rule in get_rules(runs)["rules"]] == [r["kind"] for r in rules]
        return [tried["not_tried"] for tried in found["rules"]]

    collection = f"Collection {runs.kept.collection} has no run that"
    assert why() == [f"{collection} is done", f"{collection} ended", f"{collection} ended"]
    first = runs.add([lamp(1)])
    lists, coverage, ended = why()
    assert lists is not None
    assert "two are compared" in lists
    assert coverage == f"{collection} is done before runner {first.id}"
    assert ended is None
    runs.add([lamp(1)])
    for path in folder_of(first).path.iterdir():
        path.unlink()
    lists, coverage, ended = why()
    assert lists is not None
    assert f"The rows of runner {first.id} are missing" in lists
    assert (coverage, ended) == (None, None)


def test_rules_are_replaced_and_removed(runs: Runs) -> None:
    assert get_rules(runs) == {"id": runs.kept.collection, "rules": [], "last": None}
    set_rules(runs, {"kind": "new"}, {"kind": "gone", "brand": ["Acme"]})
    assert get_rules(runs)["rules"] == [
        {"kind": "new", "search": None, "brand": None},
        {"kind": "gone", "search": None, "brand": ["Acme"]},
    ]
    assert not set_rules(runs, {"kind": "run_failed"}, dry_run=True)["saved"]
    assert len(get_rules(runs)["rules"]) == 2
    set_rules(runs, {"kind": "price_falls", "percent": 5.0})
    assert [rule["percent"] for rule in get_rules(runs)["rules"]] == [5]
    assert set_rules(runs)["rules"] == []
    assert get_rules(runs)["rules"] == []


WRONG: list[tuple[Any, str]] = [
    ([{"kind": "price_falls"}], "rules.0.percent is missing"),
    ([{"kind": "price_falls", "percent": 0}], "rules.0.percent is 0"),
    ([{"kind": "price_falls", "percent": 101}], "rules.0.percent is 101"),
    ([{"kind": "price_falls", "percent": "5"}], "rules.0.percent is '5'"),
    ([{"kind": "new"}, {"kind": "price_below", "cents": 0}], "rules.1.cents is 0"),
    ([{"kind": "price_below", "cents": 9.5}], "rules.0.cents is 9.5"),
    ([{"kind": "new", "brnd": "Acme"}], "rules.0.brnd is not a known field"),
    ([{"kind": "newest"}], "rules.0.kind is 'newest': it must be one of 'price_falls'"),
    ([{"kind": ["new"]}], "rules.0.kind is ['new']: it must be one of 'price_falls'"),
    ([7], "rules.0 is 7: it must be an object"),
    ([{"kind": "new", "brand": 7}], "rules.0.brand is 7: it must be a string or an array"),
    ([{}], "rules.0.kind is missing"),
    ([{"kind": "new", "search": "a\x00b"}], "rules.0.search holds the control character U+0000"),
    ([{"kind": "new"}] * 21, "rules has 21 entries: it must be an array of at most 20 entries"),
    ({}, "rules is {}"),
    (None, "rules is null"),
]


@pytest.mark.parametrize(("rules", "said"), WRONG)
def test_a_wrong_rule_is_named(runs: Runs, rules: Any, said: str) -> None:
    answer = runs.owner.post(SET, {"collection_id": runs.kept.collection, "rules": rules})
    assert answer.status_code == 400
    assert said in answer.get_json()["data"]
    assert get_rules(runs)["rules"] == []


def test_rules_of_others_are_not_there(runs: Runs, bob: Caller) -> None:
    set_rules(runs, {"kind": "new"})
    for path in (SET, GET):
        answer = bob.post(path, {"collection_id": runs.kept.collection, "rules": []})
        assert answer.status_code == 404
    assert len(get_rules(runs)["rules"]) == 1
