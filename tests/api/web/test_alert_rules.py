"""The alerts of a collection on its page."""

import pytest
from flask import Flask

from api.alerts.rules import MOST_RULES
from api.alerts.saved_rules import saved_rules
from api.store import Store
from api.store.records import User
from tests.api.routes.test_alerts import lamp
from tests.api.routes.test_changes import Runs
from tests.api.services import Caller
from tests.api.web.crawls import page_of, stored
from tests.api.web.reader import Reader


def test_rules_are_added_and_removed(reader: Reader, app: Flask, ann: User, store: Store) -> None:
    runner = stored(app, ann.id)
    page, path = page_of(runner), f"/collections/{runner.collection.id}/alerts"
    for fields in (
        {"kind": "price_below", "price": "49,90", "search": "<b>lamp</b>"},
        {"kind": "price_falls", "percent": "10"},
        {"kind": "price_below", "price": "1,500"},
        {"kind": "run_failed", "percent": "10", "brand": "left over"},
    ):
        assert reader.send(page, f"{path}/add", **fields).location == f"{page}#alerts"
    shown = reader.get(page).text
    assert "price below 49.90 (&#34;&lt;b&gt;lamp&lt;/b&gt;&#34;)" in shown
    assert "price falls by 10 % or more" in shown
    assert "price below 1,500.00" in shown
    reader.send(page, f"{path}/remove", rule="price falls by 10 % or more")
    reader.send(page, f"{path}/remove", rule="one that is not there")
    kinds = [rule.kind for rule in saved_rules(store, runner.collection.id)]
    assert kinds == ["price_below", "price_below", "run_failed"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"kind": "price_falls", "percent": "much"}, "Write a percentage from 0.01 to 100."),
        ({"kind": "price_falls", "percent": "101"}, "Write a percentage from 0.01 to 100."),
        ({"kind": "price_below", "price": ""}, "Write an amount such as 49.90."),
        ({"kind": "price_below", "price": "inf"}, "Write an amount such as 49.90."),
        ({"kind": "price_below", "price": "nan"}, "Write an amount such as 49.90."),
        ({"kind": "sometimes"}, "Choose one of these."),
        ({"kind": "new", "search": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_is_no_rule_is_shown_again_with_the_reason(
    reader: Reader, app: Flask, ann: User, store: Store, typed: dict[str, str], says: str
) -> None:
    runner = stored(app, ann.id)
    path = f"/collections/{runner.collection.id}/alerts/add"
    answer = reader.send(page_of(runner), path, **typed)
    assert answer.status_code == 400
    assert says in answer.text
    assert saved_rules(store, runner.collection.id) == []


def test_there_is_a_most_of_rules(reader: Reader, app: Flask, ann: User, store: Store) -> None:
    runner = stored(app, ann.id)
    path = f"/collections/{runner.collection.id}/alerts/add"
    for _ in range(MOST_RULES + 1):
        answer = reader.send(page_of(runner), path, kind="new")
    assert answer.status_code == 400
    assert "which is the most" in answer.text
    assert len(saved_rules(store, runner.collection.id)) == MOST_RULES


def test_a_rule_is_tried_before_it_is_saved(reader: Reader, app: Flask, ann: User) -> None:
    runs = Runs(app, Caller(app.test_client(), "", ann.id))
    path = f"/collections/{runs.kept.collection}/"
    runs.add([lamp(1)])
    reader.send(f"{path}runs/1/", f"{path}alerts/add", kind="price_falls", percent="10")
    assert "It could not be tried yet: " in reader.get(f"{path}runs/1/").text
    runs.add([lamp(1, price_cents=500)])
    reader.send(f"{path}runs/1/", f"{path}alerts/add", kind="price_falls", percent="20")
    assert "it would have listed 1 product." in reader.get(f"{path}runs/1/").text
    reader.send(f"{path}runs/1/", f"{path}alerts/add", kind="run_failed")
    assert "For the last run it would not have sent an alert." in reader.get(f"{path}runs/1/").text
