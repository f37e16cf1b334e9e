"""The schedule of a collection on its page."""

import pytest
from flask import Flask

from api.store import Store
from api.store.records import User
from tests.api.web.crawls import page_of, stored
from tests.api.web.reader import Reader

DAILY = {"every": "daily", "at": "06:30", "cron": "", "zone": "Australia/Sydney"}


def test_it_is_set_paused_resumed_changed_and_removed(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    runner = stored(app, ann.id)
    collection, page = runner.collection.id, page_of(runner)
    path = f"/collections/{collection}/schedule/"
    assert reader.send(page, path, **DAILY).location == f"{page}#schedule"
    shown = reader.get(page).text
    assert "It runs: every day at 06:30 (Australia/Sydney)." in shown
    assert "Pause schedule" in reader.get("/collections/").text
    assert reader.send(page, f"{path}pause", back="/collections/").location == "/collections/"
    paused = store.schedules.of(collection)
    assert paused is not None
    assert paused.next_run_at is None
    assert "Paused: every day at 06:30" in reader.get(page).text
    reader.send(page, f"{path}resume")
    going = store.schedules.of(collection)
    assert going is not None
    assert going.next_run_at is not None
    reader.send(page, path, **DAILY | {"every": "cron", "cron": "0 6 * * 1-5"})
    assert "as the cron line <code>0 6 * * 1-5</code> says" in reader.get(page).text
    reader.send(page, path, **DAILY | {"every": "hourly"})
    assert "It runs: every hour, at minute 30 (Australia/Sydney)." in reader.get(page).text
    reader.send(page, f"{path}remove")
    assert store.schedules.of(collection) is None
    assert reader.send(page, f"{path}pause").status_code == 404


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"at": "25:00"}, "This is &#39;25:00&#39;: it must be a time from 00:00 to 23:59"),
        ({"zone": "Australia/Sidney"}, "did you mean Australia/Sydney?"),
        ({"every": "cron", "cron": "nonsense"}, "it must have five fields"),
        ({"every": "cron", "cron": "0 0 31 2 *"}, "no day of the next fifty years"),
        ({"every": "sometimes"}, "it must be &#39;hourly&#39;, &#39;daily&#39;"),
        ({"every": "cron", "cron": ""}, "five fields"),
    ],
)
def test_what_is_no_schedule_is_shown_again_with_the_reason(
    reader: Reader, app: Flask, ann: User, store: Store, typed: dict[str, str], says: str
) -> None:
    runner = stored(app, ann.id)
    path = f"/collections/{runner.collection.id}/schedule/"
    answer = reader.send(page_of(runner), path, **DAILY | typed)
    assert answer.status_code == 400
    assert says in answer.text
    for value in typed.values():
        assert value in answer.text
    assert store.schedules.of(runner.collection.id) is None
