"""The rule by which results are removed, on the collection's page."""

from dataclasses import replace

import pytest
from flask import Flask

from api.services import Services
from api.store import Store
from api.store.records import User
from api.store.retention import Retention
from tests.api.conftest import PATIENCE
from tests.api.ended_runs import ended
from tests.api.web.crawls import page_of, services_of, stored
from tests.api.web.reader import Reader


def test_it_is_set_changed_and_removed(reader: Reader, app: Flask, ann: User, store: Store) -> None:
    runner = stored(app, ann.id)
    page, path = page_of(runner), f"/collections/{runner.collection.id}/retention/"
    assert "The results of all runs are kept." in reader.get(page).text
    saved = reader.send(page, path, keep_days="30", keep_runs="")
    assert saved.location == f"{page}#retention"
    assert store.retention.of(runner.collection.id) == Retention(30, None)
    assert "are kept for 30 days after its end." in reader.get(page).text
    reader.send(page, path, keep_days="1", keep_runs="5")
    assert "for 1 day after its end, while it is one of the newest 5 runs." in (
        reader.get(page).text
    )
    reader.send(page, f"{path}remove")
    assert store.retention.of(runner.collection.id) is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"keep_days": "0"}, "Write a whole number from 1 to 36,500, or leave it empty."),
        ({"keep_runs": "many"}, "Write a whole number from 1 to 36,500, or leave it empty."),
        ({"keep_days": ""}, "Write a number of days, of runs, or both."),
    ],
)
def test_what_is_no_rule_is_shown_again_with_the_reason(
    reader: Reader, app: Flask, ann: User, store: Store, typed: dict[str, str], says: str
) -> None:
    runner = stored(app, ann.id)
    path = f"/collections/{runner.collection.id}/retention/"
    answer = reader.send(page_of(runner), path, **{"keep_days": "", "keep_runs": ""} | typed)
    assert answer.status_code == 400
    assert says in answer.text
    assert "many" not in typed.values() or 'value="many"' in answer.text
    assert store.retention.of(runner.collection.id) is None


def test_the_page_says_what_was_removed_and_by_which_rule(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    first = ended(store, ann.id)
    second = ended(store, ann.id, after=first)
    store.runners.remove_files({first.id: None}, "rule of this collection: 1 run")
    assert "Its files were removed at" in reader.get(page_of(first)).text
    listed = reader.get(page_of(second)).text
    assert "rule of this collection: 1 run</span>" in listed
    services: Services = services_of(app)
    general = PATIENCE.model_copy(update={"keep_runs": 1})
    replace(services, settings=general).init_app(app)
    assert "while it is the newest, as the operator has set for all collections." in (
        reader.get(page_of(second)).text
    )
