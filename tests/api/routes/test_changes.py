"""Changes between two runs, against the same comparison made in Python."""

import csv
import io
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import duckdb
import openpyxl
import pytest
from flask import Flask

from api.products.differences import KINDS
from api.runners.attempts import folder_of
from api.store.records import Outcome, Runner
from api.store.stage import Stage
from category_crawler.items import Product
from category_crawler.run.journal import PageRecord
from category_crawler.run.writer import Run
from tests.api.routes.test_results import Kept
from tests.api.services import CATEGORY, Caller
from tests.records import LISTING, product, record, summary
from tests.waiting import until

PATH = f"{CATEGORY}/changes/"
COMPLETE = {"complete": True, "why": "every one was found"}
CUT = {"complete": False, "why": "2 pages were not served"}


def _is_ready(answer: Any) -> bool:
    """Whether an answer does not ask to come again."""
    return bool(answer.status_code != 503)


class Runs:
    """Runs of one collection, one after the other."""

    def __init__(self, app: Flask, owner: Caller) -> None:
        self.kept = Kept(app, owner, domain="amazon.com.au")
        self.owner = owner
        self.store = self.kept.store
        self.runners: list[Runner] = []

    def add(
        self,
        products: list[Product],
        coverage: dict[str, Any] = COMPLETE,
        pages: tuple[PageRecord, ...] = (),
        stage: Stage = Stage.DONE,
    ) -> Runner:
        """A run that has ended with these products and these pages in its journal."""
        runner = self._next()
        run = Run.create(folder_of(runner).path, {})
        run.keep(products)
        for page in pages:
            run.finish_page(replace(page, offset=run.offset))
        if stage is Stage.DONE:
            run.finish(summary(asin_count=run.kept))
        run.close()
        self.store.runners.end(runner.id, Outcome(stage, asin_count=run.kept, coverage=coverage))
        self.runners.append(runner)
        return runner

    def _next(self) -> Runner:
        if not self.runners:
            return self.kept.runner
        last = self.store.runners.newest(self.owner.user, self.kept.collection)
        runner = self.store.runners.add_again(last, 1, lambda: None, lambda _: None)
        assert runner is not None
        return runner

    def ask(self, **fields: Any) -> Any:
        body = {"collection_id": self.kept.collection, **fields}
        answer = until(lambda: self.owner.post(PATH, body), _is_ready)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["data"]


@pytest.fixture
def runs(app: Flask, alice: Caller) -> Runs:
    return Runs(app, alice)


def _one(number: int, **values: Any) -> Product:
    return product(number, currency="AUD", in_stock=True, rating=4.0, **values)


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "the same": ({}, {"position": 7, "scraped_at": "later"}, set()),
    "dearer": ({"price_cents": 100}, {"price_cents": 101}, {"price_up"}),
    "cheaper": ({"price_cents": 100}, {"price_cents": 0}, {"price_down"}),
    "from nothing": ({"price_cents": 0}, {"price_cents": 5}, {"price_up"}),
    "a price at last": ({"price_cents": None}, {"price_cents": 5}, set()),
    "another currency": ({"currency": "USD"}, {"price_cents": 5, "list_price_cents": 9}, set()),
    "sold out": ({}, {"in_stock": False}, {"out_of_stock"}),
    "back": ({"in_stock": False}, {}, {"back_in_stock"}),
    "stock not known": ({"in_stock": None}, {"in_stock": False}, set()),
    "a list price": ({}, {"list_price_cents": 9}, {"list_price"}),
    "a coupon": ({}, {"coupon": "Save 5%"}, {"coupon"}),
    "no coupon": ({"coupon": "Save 5%"}, {}, {"coupon"}),
    "rated": ({"rating": None}, {"rating": 4.1}, {"rating"}),
    "all at once": (
        {"in_stock": False, "coupon": "a"},
        {"price_cents": 5, "coupon": "b", "rating": 1.0, "list_price_cents": 1},
        {"price_down", "back_in_stock", "coupon", "rating", "list_price"},
    ),
}


@pytest.mark.parametrize(("before", "after", "kinds"), PAIRS.values(), ids=PAIRS)
def test_what_changed_of_one_product(
    runs: Runs, before: dict[str, Any], after: dict[str, Any], kinds: set[str]
) -> None:
    runs.add([replace(_one(1), **before)])
    runs.add([replace(_one(1), **after)])
    found = runs.ask()
    assert {item["kind"] for item in found["items"]} == kinds
    assert found["total"] == len(found["items"]) == len(kinds)
    for item in found["items"]:
        assert (item["price_cents_before"], item["price_cents"]) == (
            before.get("price_cents", 1000),
            after.get("price_cents", 1000),
        )


def _truth(before: list[Product], after: list[Product]) -> Counter[str]:
    olds, news = ({one.asin: one for one in some} for some in (before, after))
    found: Counter[str] = Counter(new=len(news.keys() - olds), gone=len(olds.keys() - news))
    for asin in olds.keys() & news:
        was, now = olds[asin].price_cents or 0, news[asin].price_cents or 0
        found["price_up"] += now > was
        found["price_down"] += now < was
    return found


def test_counts_and_pages_of_many(runs: Runs) -> None:
    dice = Random(3)
    before = [_one(number, price_cents=dice.randrange(1, 9000)) for number in range(3000)]
    after = [
        replace(one, price_cents=dice.randrange(1, 9000)) if dice.random() < 0.1 else one
        for one in before[90:]
    ] + [_one(number) for number in range(3000, 3090)]
    dice.shuffle(after)
    first, second = runs.add(before), runs.add(after)
    truth = _truth(before, after)
    found = runs.ask(limit=1000)
    assert found["counts"] == dict.fromkeys(KINDS, 0) | truth
    assert (found["from_runner"]["id"], found["to_runner"]["id"]) == (first.id, second.id)
    assert (found["from_runner"]["complete"], found["to_runner"]["products"]) == (True, 3000)
    assert found["total"] == sum(truth.values())
    pages = [runs.ask(limit=100, skip=skip)["items"] for skip in range(0, found["total"], 100)]
    assert [item for page in pages for item in page] == found["items"]
    some = runs.ask(kind=["price_up", "gone"], limit=1000)
    assert {item["kind"] for item in some["items"]} == {"price_up", "gone"}
    assert some["total"] == truth["price_up"] + truth["gone"]
    assert runs.ask(kind="new", limit=0)["total"] == 90
    falls = [item["price_change_percent"] for item in runs.ask(kind="price_down")["items"]]
    assert falls == sorted(falls), "the largest fall first"


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("products", [5, 6000])
def test_the_files_hold_every_change(runs: Runs, form: str, products: int, tmp_path: Any) -> None:
    before = [_one(number, title=f"=Lamp {number}") for number in range(products)]
    runs.add(before)
    runs.add([replace(one, price_cents=900) for one in before])
    link = runs.ask(limit=0)["download_links"][form]
    answer = until(lambda: runs.owner.get(link), _is_ready)
    path = tmp_path / f"changes.{form}"
    path.write_bytes(answer.data)
    rows: list[dict[str, Any]]
    if form == "csv":
        rows = [*csv.DictReader(io.StringIO(path.read_text(), newline=""))]
    elif form == "xlsx":
        head, *lines = openpyxl.load_workbook(path, read_only=True)["Changes"].values
        rows = [dict(zip(head, line, strict=True)) for line in lines]
    else:
        rows = [
            {"asin": asin, "price_cents": cents, "title": title}
            for asin, cents, title in duckdb.sql(
                f"SELECT asin, price_cents, title FROM '{path}'"
            ).fetchall()
        ]
        facts = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
        runners = str(runs.runners[0].id).encode(), str(runs.runners[1].id).encode()
        assert {(b"compared_with_runner", runners[0]), (b"runner", runners[1])} <= {*facts}
    assert sorted(row["asin"] for row in rows) == [one.asin for one in before]
    assert {int(row["price_cents"]) for row in rows} == {900}
    assert rows[0]["title"].startswith("'=Lamp" if form == "csv" else "=Lamp")
    name = answer.headers["Content-Disposition"]
    first, second = runs.runners
    day = runs.ask()["from_runner"]["finished_at"][:10]
    assert f"_changes-since-{day}_runs-{first.id}-{second.id}.{form}" in name
    again = runs.owner.get(link, **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


SLICES = {
    "both whole": ([(None, 999), (1000, None)], [(None, 1499), (1500, None)], {"gone": 3}),
    "one not whole": ([(None, 999)], [(None, 1499), (1500, None)], {"gone": 1, "not_seen": 2}),
    "none": ([], [(None, None)], {"not_seen": 3}),
    "no common": ([(None, 400)], [(600, None)], {"not_seen": 3}),
    "everything": ([(None, None)], [(None, None)], {"gone": 4}),
}


def _page(low: int | None, high: int | None, **values: Any) -> PageRecord:
    """A page that shows everything of its slice."""
    term = f"%2Cp_36%3A{low or ''}-{high or ''}" if (low, high) != (None, None) else ""
    return record(
        1,
        listing=LISTING + term,
        **{"first": 1, "last": 1, "total": 1, "last_page": 1, "has_next": False}
        | {"asins": ("B000000001",), "prices": (500,), "new": 1}
        | values,
    )


@pytest.mark.parametrize(("before", "after", "counts"), SLICES.values(), ids=SLICES)
def test_gone_is_said_only_where_both_runs_would_have_seen_it(
    runs: Runs, before: list[Any], after: list[Any], counts: dict[str, int]
) -> None:
    root = _page(None, None, total=5000)
    prices = (500, 1200, 2000) if "gone" not in counts or counts["gone"] < 4 else (1, 2, 3, None)
    old = [_one(number, price_cents=price) for number, price in enumerate(prices)]
    for products, slices in ((old, before), ([], after)):
        pages = [_page(*bounds) for bounds in slices]
        is_divided = (None, None) not in slices
        runs.add(products, CUT, (root, *pages) if is_divided else tuple(pages))
    found = runs.ask()
    assert {kind: n for kind, n in found["counts"].items() if n} == counts
    assert "2 pages were not served" in found["why"]


@pytest.mark.parametrize(
    "doubt",
    [
        {"total_is_rounded": True},
        {"total": 2},
        {"outliers": 1},
        {"cards_missed": 1},
        {"price_proved": False},
        {"totals_differ": (1, 2)},
        {"corrected_query": ("a", "b")},
    ],
    ids=str,
)
def test_a_slice_with_a_doubt_is_not_whole(runs: Runs, doubt: dict[str, Any]) -> None:
    root, whole = _page(None, None, total=5000), _page(None, 999)
    runs.add([_one(1, price_cents=500)], CUT, (root, whole))
    runs.add([], CUT, (root, _page(None, 999, **doubt)))
    assert runs.ask()["counts"]["not_seen"] == 1


def test_two_complete_lists_need_no_slices(runs: Runs) -> None:
    runs.add([_one(1), _one(2, price_cents=None)])
    runs.add([])
    found = runs.ask()
    assert (found["counts"]["gone"], found["counts"]["not_seen"]) == (2, 0)
    assert "complete" in found["why"]


def test_the_last_two_that_are_done_are_compared(runs: Runs) -> None:
    first = runs.add([_one(1)])
    assert runs.owner.post(PATH, {"collection_id": runs.kept.collection}).status_code == 409
    second = runs.add([_one(2)])
    failed = runs.add([_one(3)], CUT, stage=Stage.FAILED)
    found = runs.ask()
    assert (found["from_runner"]["id"], found["to_runner"]["id"]) == (first.id, second.id)
    named = runs.ask(to_runner=failed.id)
    assert (named["from_runner"]["id"], named["counts"]["new"]) == (second.id, 1)
    assert named["counts"]["not_seen"] == 1
    assert runs.ask(from_runner=failed.id)["counts"]["new"] == 1


def test_what_cannot_be_compared_is_said(runs: Runs, app: Flask, bob: Caller) -> None:
    def said(status: int, **fields: Any) -> str:
        answer = runs.owner.post(PATH, {"collection_id": runs.kept.collection, **fields})
        assert answer.status_code == status
        text: str = answer.get_json()["data"]
        return text

    assert "no run that is done" in said(409)
    first = runs.add([_one(1)])
    assert "two are compared" in said(409)
    assert "with itself" in said(409, from_runner=first.id, to_runner=first.id)
    last = runs.add([_one(1)])
    assert "is the last that is done: name a later one" in said(409, from_runner=last.id)
    open_one = runs._next()
    assert f"Runner {open_one.id} is queued" in said(409, to_runner=open_one.id)
    other = Kept(app, bob).done()
    assert f"There is no runner {other.runner.id} in a collection" in said(
        404, to_runner=other.runner.id
    )
    assert "kind" in said(400, kind="cheaper")
    assert "limit" in said(400, limit=1001)
    for path in folder_of(first).path.iterdir():
        path.unlink()
    assert f"The rows of runner {first.id} are missing" in said(404)
