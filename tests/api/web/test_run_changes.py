"""The page of the changes between two runs."""

import html
import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from flask import Flask

from api.products import downloads
from api.store.records import User
from api.store.stage import Stage
from category_crawler.items import Product
from tests.api.routes.test_changes import CUT, Runs
from tests.api.services import Caller
from tests.api.web.reader import Reader
from tests.records import product
from tests.waiting import until

EVIL = "<script>alert(1)</script>"
LINK = re.compile(r'<li><a href="([^"]+)"[^>]*><b>([\d,]+)</b> ([^<]+)</a>')


@pytest.fixture
def runs(app: Flask, ann: User) -> Runs:
    return Runs(app, Caller(app.test_client(), "", ann.id))


@pytest.fixture
def path(runs: Runs) -> str:
    return f"/collections/{runs.kept.collection}/changes/"


def _one(number: int, **values: Any) -> Product:
    return product(number, currency="AUD", in_stock=True, rating=4.0, **values)


def rows_on(text: str) -> list[list[str]]:
    """The cells of the table of changes, as texts."""
    table = text.partition('class="products"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)
        ]
        for line in table.split("</tr>")[:-1]
    ]


def test_counts_lead_to_their_changes(reader: Reader, runs: Runs, path: str) -> None:
    dice = Random(3)
    before = [_one(number, price_cents=dice.randrange(1, 9000)) for number in range(200)]
    after = [
        replace(one, price_cents=dice.randrange(1, 9000)) if dice.random() < 0.7 else one
        for one in before[5:]
    ] + [_one(number) for number in range(200, 207)]
    runs.add(before)
    runs.add(after)
    text = reader.get(path).text
    links = {words: (html.unescape(link), int(count)) for link, count, words in LINK.findall(text)}
    assert len(links) == 10
    assert (links["New"][1], links["Gone"][1], links["Not seen"][1]) == (7, 5, 0)
    ups = sum(
        new.price_cents > old.price_cents  # type: ignore[operator]
        for old, new in zip(before[5:], after, strict=False)
    )
    assert links["Price up"][1] == ups > 50
    for words, (link, count) in links.items():
        shown = reader.get(link).text
        assert f"<h2>{words}: {count}</h2>" in shown
        rows = rows_on(shown)
        assert len(rows) == min(count, 50)
        assert {row[2] for row in rows} <= {words}
    second = re.search(r'<a href="([^"]+)" rel="next"', reader.get(links["Price up"][0]).text)
    assert second is not None
    assert len(rows_on(reader.get(html.unescape(second[1])).text)) == ups - 50


def test_a_row_has_both_prices_and_what_else_changed(reader: Reader, runs: Runs, path: str) -> None:
    old = _one(1, title=EVIL, price_cents=2000, image_url="https://m.media-amazon.com/images/1")
    runs.add([old, _one(2)])
    new = replace(old, price_cents=1500, coupon="Save <5%>", rating=None, list_price_cents=2500)
    later = runs.add([new])
    text = reader.get(path).text
    assert EVIL not in text
    assert "<5%>" not in text
    assert 'src="https://m.media-amazon.com/images/1"' in text
    rows = {row[2]: row[1:] for row in rows_on(text)}
    assert rows["Price down"] == [EVIL, "Price down", "$20.00", "$15.00", "−25 %", ""]
    assert rows["Coupon"][-1] == "none → Save <5%>"
    assert rows["Rating"][-1] == "4 → –"
    assert rows["List price"][-1] == "– → $25.00"
    assert rows["Gone"] == ["Lamp 2", "Gone", "$10.00", "–", "", ""]
    assert f"/products/amazon.com.au/{old.asin}/?run={later.id}" in text
    gone = runs.runners[0].id
    assert f"/products/amazon.com.au/B000000002/?run={gone}" in text


def test_the_pictures_count_every_move(reader: Reader, runs: Runs, path: str) -> None:
    before = [_one(number, price_cents=1000) for number in range(12)]
    moved = [1, 400, 500, 949, 950, 990, 1000, 1049, 1050, 1400, 1500, 9000]
    runs.add(before)
    runs.add([replace(one, price_cents=at) for one, at in zip(before, moved, strict=True)])
    text = reader.get(path).text
    cells = re.findall(r'<tr><td>([^<]+)</td><td class="number" data-value="(\d+)"', text)
    moves = {words: int(count) for words, count in cells if "%" in words}
    assert len(moves) == 22
    assert {words: count for words, count in moves.items() if count} == {
        "below −50 %": 2,
        "−50 to −45 %": 1,
        "−10 to −5 %": 1,
        "−5 to 0 %": 2,
        "0 to +5 %": 1,
        "+5 to +10 %": 1,
        "+40 to +45 %": 1,
        "+50 % and more": 2,
    }
    prices = re.findall(r'data-value="(\d+)">[^<]+</td><td class="number" data-value="(\d+)"', text)
    assert sum(int(count) for count, _ in prices) == 12
    assert sum(int(count) for _, count in prices) == 12


def test_two_runs_can_be_chosen(reader: Reader, runs: Runs, path: str) -> None:
    first = runs.add([_one(1)])
    second = runs.add([_one(2)])
    third = runs.add([_one(3)], CUT, stage=Stage.FAILED)
    text = reader.get(path).text
    assert re.findall(r'value="(\d+)" selected', text) == [str(first.id), str(second.id)]
    chosen = reader.get(f"{path}?from={first.id}&to={third.id}").text
    assert re.findall(r'value="(\d+)" selected', chosen) == [str(first.id), str(third.id)]
    assert f"Run {third.id}, " in chosen
    assert "1 product, failed</option>" in chosen
    assert "“not seen”" in chosen
    assert "2 pages were not served" in chosen
    itself = reader.get(f"{path}?from={first.id}&to={first.id}")
    assert (itself.status_code, "These two runs cannot be compared" in itself.text) == (200, True)
    assert re.findall(r"<select", itself.text) == ["<select"] * 2


def test_what_cannot_be_compared_yet_is_said(reader: Reader, runs: Runs, path: str) -> None:
    said = "There is nothing to compare yet: changes are shown once two runs"
    assert said in reader.get(path).text
    runs.add([_one(1)])
    answer = reader.get(path)
    assert answer.status_code == 200
    assert said in answer.text
    runs.add([_one(1)], CUT, stage=Stage.FAILED)
    assert "These two runs cannot be compared" in reader.get(path).text
    runs.add([_one(1)])
    open_one = runs._next()
    said = "These two runs cannot be compared: choose an earlier run and a later one"
    assert said in reader.get(f"{path}?to={open_one.id}").text
    assert reader.get(f"{path}?from=x&to=&kind=x&skip=x").status_code == 200
    assert reader.get(f"{path}?skip=-1").status_code == 200
    assert "There are no such changes." in reader.get(path).text


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_files_are_the_apis(app: Flask, reader: Reader, runs: Runs, path: str, form: str) -> None:
    runs.add([_one(1, title="=1")])
    runs.add([_one(1, title="=1", price_cents=5)])
    before, after = (one.id for one in runs.runners)
    link = f"{path}{before}/{after}/changes.{form}"
    assert f'href="{link}"' in reader.get(path).text
    ours = reader.get(link)
    key = app.extensions["services"].accounts.new_key(runs.owner.user)
    theirs = app.test_client().get(
        f"/api/v1/results/{runs.kept.collection}/{before}/{after}/changes.{form}",
        headers={"x-api-key": key},
    )
    assert ours.status_code == theirs.status_code == 200
    assert len(ours.data) == len(theirs.data)
    assert form == "xlsx" or ours.data == theirs.data
    named = theirs.headers["Content-Disposition"]
    assert f"_runs-{before}-{after}.{form}" in named
    assert ours.headers["Content-Disposition"] == named.replace("inline", "attachment")


def test_large_lists_are_prepared_while_the_page_waits(
    reader: Reader, runs: Runs, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [_one(number, title="Lamp " * 20) for number in range(9000)]
    runs.add(before, stage=Stage.FAILED)
    runs.add([replace(one, price_cents=900) for one in before])
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0)
    first, second = (one.id for one in runs.runners)
    link = f"{path}?from={first}&to={second}"
    waiting = reader.get(link).text
    assert "The lists are large and are being compared." in waiting
    assert f'hx-get="{html.escape(link)}" hx-trigger="load delay:3s"' in waiting
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 5)
    whole = until(lambda: reader.get(link).text, lambda text: "being compared" not in text)
    assert ("9,000", "Price down") in [one[1:] for one in LINK.findall(whole)]


def test_nobody_sees_the_changes_of_others(
    app: Flask, reader: Reader, runs: Runs, path: str, bob: Caller
) -> None:
    theirs = Runs(app, bob)
    for some in (theirs, runs):
        some.add([_one(1, title="secret lamp")])
        some.add([_one(2)])
    before, after = (one.id for one in theirs.runners)
    own = f"/collections/{theirs.kept.collection}/changes/"
    for link in (
        *(own, f"{own}?from={before}&to={after}", f"{own}{before}/{after}/changes.csv"),
        *(f"{path}?from={before}", f"{path}?to={after}", f"{path}{before}/{after}/changes.csv"),
    ):
        answer = reader.get(link)
        assert answer.status_code == 404, link
        assert "secret" not in answer.text
