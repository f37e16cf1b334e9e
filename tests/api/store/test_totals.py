"""Totals only grow: what is counted stays counted, once."""

from pathlib import Path
from typing import Any

import pytest

from api.store import Store
from api.store.records import NoticeStatus, Outcome, Runner, StoredRequest
from api.store.stage import Stage
from api.store.totals import Total, Totals
from category_crawler.pages import Kind
from category_crawler.run.records import Traffic

ASKED = Traffic(pages=10, requests=14, retries=4, blocks={Kind.CAPTCHA: 1})
COVERAGE = {"reported_total": 200, "found": 190, "complete": False}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "api.db")


@pytest.fixture
def user(store: Store) -> int:
    return store.users.add("a@example.org", "a", "hash")


def new_runner(store: Store, user: int) -> Runner:
    runner = store.runners.add_collection(user, "Lamps", StoredRequest({}), [])
    store.runners.start(runner.id, "2026-01-01T00:00:00Z")
    return runner


def done(**values: Any) -> Outcome:
    return Outcome(
        Stage.DONE, **{"asin_count": 190, "coverage": COVERAGE, "traffic": ASKED} | values
    )


def plain(totals: Totals) -> dict[str, dict[str, float]]:
    return {str(total): dict(labels) for total, labels in totals.items() if labels}


def test_an_end_is_counted_with_all_that_it_tells(store: Store, user: int) -> None:
    assert plain(store.totals.all()) == {}
    runner = new_runner(store, user)
    assert store.runners.end(runner.id, done())
    assert not store.runners.end(runner.id, done()), "an end never changes"
    found = plain(store.totals.all())
    assert found.pop("effort_sum") == {"": pytest.approx(14 / 190)}
    assert found == {
        "runs": {"": 1},
        "pages": {"": 10},
        "requests": {"": 14},
        "retries": {"": 4},
        "blocks": {"captcha": 1},
        "products": {"": 190},
        "lists": {"no": 1},
        "coverage": {"0.95": 1},
        "coverage_sum": {"": 0.95},
        "effort": {"0.075": 1},
    }


def test_a_failure_counts_by_its_reason_and_one_nobody_knows_by_none(
    store: Store, user: int
) -> None:
    for reason in ("blocked", "blocked", "invented by a stolen node"):
        runner = new_runner(store, user)
        store.runners.end(runner.id, Outcome(Stage.FAILED, 3, failed_reason=reason))
    found = plain(store.totals.all())
    assert found == {"runs": {"blocked": 2, "other": 1}, "products": {"": 9}}


def test_a_run_is_counted_while_it_goes_on_and_never_twice(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    for _ in range(2):
        store.totals.count(runner.id, Traffic(pages=4, requests=5), 80)
    assert plain(store.totals.all()) == {
        "pages": {"": 4},
        "requests": {"": 5},
        "products": {"": 80},
    }
    # An attempt that was killed may have told more than the next one knows.
    store.totals.count(runner.id, Traffic(pages=3, requests=6), 70)
    found = plain(store.totals.all())
    assert [found[name][""] for name in ("pages", "requests", "products")] == [4, 6, 80]
    store.runners.end(runner.id, done())
    found = plain(store.totals.all())
    assert [found[name][""] for name in ("pages", "requests", "products")] == [10, 14, 190]


def test_a_runner_that_is_gone_is_not_counted_again(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    store.runners.end(runner.id, done())
    store.runners.delete_collection(user, runner.collection.id)
    before = store.totals.all()
    store.totals.count(runner.id, ASKED, 190)
    assert store.totals.all() == before


def test_nothing_new_writes_nothing(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    store.totals.count(runner.id, ASKED, 1)
    before = store.db.conn.total_changes
    store.totals.count(runner.id, ASKED, 1)
    assert store.db.conn.total_changes == before


def test_rows_that_a_continued_run_had_are_counted_there_alone(store: Store, user: int) -> None:
    first = new_runner(store, user)
    store.runners.end(first.id, Outcome(Stage.FAILED, 100, failed_reason="blocked"))
    second = store.runners.add(first, 100, 1)
    assert second is not None
    store.runners.end(second.id, done(asin_count=130))
    assert store.totals.all()[Total.PRODUCTS] == {"": 130}


def test_a_cancelled_spider_counts_what_it_still_did(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    cancelled = Outcome(Stage.FAILED, 10, failed_reason="cancelled", is_stopping=True)
    store.runners.end(runner.id, cancelled)
    store.runners.see_out(runner.id, 12, traffic=Traffic(pages=2, requests=2))
    found = plain(store.totals.all())
    assert found == {
        "runs": {"cancelled": 1},
        "products": {"": 12},
        "pages": {"": 2},
        "requests": {"": 2},
    }


def test_totals_stay_when_files_are_pruned_and_collections_deleted(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    store.runners.end(runner.id, done())
    notice = store.notices.claim(60)
    assert notice is not None
    store.notices.settle(notice, NoticeStatus.SENT, None)
    before = store.totals.all()
    assert before[Total.NOTICES] == {"mail sent": 1}
    assert store.runners.remove_files({runner.id: None}, "prune") == {runner.id}
    assert store.runners.delete_collection(user, runner.collection.id)
    assert store.totals.all() == before


def test_a_notice_that_another_watcher_has_settled_counts_once(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    store.runners.end(runner.id, done())
    notice = store.notices.claim(60)
    assert notice is not None
    assert store.notices.settle(notice, NoticeStatus.GIVEN_UP, "no")
    assert not store.notices.settle(notice, NoticeStatus.GIVEN_UP, "no")
    assert store.totals.all()[Total.NOTICES] == {"mail given up": 1}


@pytest.mark.parametrize(
    ("found", "complete", "bound"), [(200, True, "1"), (201, None, "1"), (20, False, "0.5")]
)
def test_shares_and_completeness(
    store: Store, user: int, found: int, complete: bool | None, bound: str
) -> None:
    runner = new_runner(store, user)
    coverage = {"reported_total": 200, "found": found, "complete": complete}
    store.runners.end(runner.id, done(coverage=coverage))
    totals = store.totals.all()
    assert totals[Total.COVERAGE] == {bound: 1}
    assert totals[Total.LISTS] == {{True: "yes", False: "no", None: "unknown"}[complete]: 1}


def test_a_shop_that_reports_no_number_gives_no_share(store: Store, user: int) -> None:
    runner = new_runner(store, user)
    store.runners.end(runner.id, done(coverage={"reported_total": None, "complete": None}))
    assert store.totals.all()[Total.COVERAGE] == {}
