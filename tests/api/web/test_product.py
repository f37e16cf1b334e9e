"""The page of a product: what it says, and its price over all of one's own runs."""

import html
import re
from typing import Any

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store.records import User
from category_crawler.run.writer import Run
from tests.api.routes.test_history import Recorded
from tests.api.routes.test_results import Kept
from tests.api.services import Caller
from tests.api.web.reader import Reader
from tests.records import product

ASIN = product(1).asin
PATH = f"/products/amazon.com.au/{ASIN}/"
EVIL = "<script>alert(1)</script>"
SEEN: dict[str, Any] = {
    "title": EVIL,
    "brand": "Größe & Co",
    "currency": "AUD",
    "rating": 4.5,
    "review_count": 1234,
    "delivery": "FREE Sun",
    "in_stock": True,
    "position": 7,
    "image_url": "https://m.media-amazon.com/images/I/1.jpg",
}


@pytest.fixture
def owner(app: Flask, ann: User) -> Caller:
    return Caller(app.test_client(), "", ann.id)


@pytest.fixture
def lamps(app: Flask, owner: Caller) -> Recorded:
    return Recorded(app, owner)


def line_on(text: str, number: int = 0) -> list[tuple[str, str, str]]:
    """Time, price and list price of each point of a chart."""
    chart = text.split('data-kind="steps"')[number + 1].partition("</figure>")[0]
    return re.findall(
        r'datetime="([^"]+)".*?data-value="([^"]*)">.*?data-value="([^"]*)">', chart, re.DOTALL
    )


def test_it_says_what_the_shop_said_last(reader: Reader, lamps: Recorded) -> None:
    lamps.add("2026-11-01", **SEEN, price_cents=2999)
    last = lamps.add("2026-11-03", **SEEN, price_cents=1999, list_price_cents=2999)
    text = reader.get(PATH).text
    assert EVIL not in text
    assert f'<h1 dir="auto">{html.escape(EVIL)}</h1>' in text
    assert "Größe &amp; Co" in text
    assert 'src="https://m.media-amazon.com/images/I/1.jpg"' in text
    assert "4.5 stars, 1,234 reviews" in text
    shop = f'href="https://www.amazon.com.au/dp/{ASIN}" rel="noopener noreferrer"'
    assert shop in text
    row = text.partition("As it was last seen</h2>")[2].partition("<tbody>")[2]
    assert f"/collections/{lamps.collection}/runs/{last.id}/products/" in row
    for told in ("4500", "$19.99", "$29.99", "yes", "FREE Sun"):
        assert f">{told}</td>" in row


def test_its_price_is_a_line_over_all_runs(app: Flask, reader: Reader, lamps: Recorded) -> None:
    lamps.add("2026-10-01", **SEEN, price_cents=2999, list_price_cents=None)
    lamps.add("2026-11-02", **SEEN, price_cents=1999, list_price_cents=2999)
    lamps.add("2026-11-05", **SEEN, price_cents=1999, list_price_cents=2999)
    other = Recorded(app, lamps.owner, postcode="2000")
    other.add("2026-11-04", **SEEN, price_cents=None)
    Recorded(app, lamps.owner, domain="amazon.com", postcode="10001").add("2026-11-04")
    text = reader.get(PATH).text
    assert text.count('data-kind="steps"') == 2
    assert line_on(text) == [
        ("2026-10-01T06:00:00Z", "29.99", ""),
        ("2026-11-02T06:00:00Z", "19.99", "29.99"),
        ("2026-11-05T06:00:00Z", "19.99", "29.99"),
    ], "the line goes on to the last run that has seen it"
    assert line_on(text, 1) == [("2026-11-04T06:00:00Z", "", "")]


def test_the_line_stays_when_the_files_are_gone(reader: Reader, lamps: Recorded) -> None:
    runner = lamps.add("2026-11-02", **SEEN, price_cents=1999)
    for path in folder_of(runner).path.iterdir():
        path.unlink()
    text = reader.get(PATH).text
    assert line_on(text) == [("2026-11-02T06:00:00Z", "19.99", "")]
    assert f'<h1 dir="auto">{ASIN}</h1>' in text
    assert "As it was last seen" not in text


def test_what_the_last_run_missed_is_told_as_it_was_before(reader: Reader, lamps: Recorded) -> None:
    seen = lamps.add("2026-11-02", **SEEN, price_cents=1999)
    lamps.end("2026-11-03", [product(2)])
    assert lamps.services.archive.record_all() == 1
    text = reader.get(PATH).text
    assert f"/runs/{seen.id}/products/" in text.partition("As it was last seen")[2]
    assert line_on(text) == [("2026-11-02T06:00:00Z", "19.99", "")]


def test_a_product_of_a_run_that_goes_on_has_a_page(
    app: Flask, reader: Reader, owner: Caller
) -> None:
    kept = Kept(app, owner, domain="amazon.com.au", postcode="4500")
    run = Run.create(folder_of(kept.runner).path, {})
    try:
        run.keep([product(1, **SEEN, price_cents=1999)])
        link = f"{PATH}?run={kept.runner.id}&collection={kept.collection}"
        text = reader.get(link).text
    finally:
        run.close()
    assert "Its history begins when the run has ended." in text
    assert ">$19.99</td>" in text
    assert reader.get(PATH).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/products/amazon.com.au/B0AAAAAAAA/",
        "/products/amazon.example/B000000001/",
        "/products/amazon.com.au/b000000001/",
        "/products/amazon.com.au/..%5cB000000001/",
        "/products/amazon.com/B000000001/?run=1&collection=1",
    ],
)
def test_an_unknown_product_is_a_page_that_says_so(
    reader: Reader, lamps: Recorded, path: str
) -> None:
    lamps.add("2026-11-02", **SEEN)
    answer = reader.get(path)
    assert answer.status_code == 404
    assert "This did not work" in answer.text


def test_nobody_sees_what_others_have_seen(app: Flask, reader: Reader, bob: Caller) -> None:
    theirs = Recorded(app, bob)
    runner = theirs.add("2026-11-02", **SEEN)
    for path in (PATH, f"{PATH}?run={runner.id}&collection={theirs.collection}"):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert f"None of your runs on amazon.com.au has seen the product {ASIN}" in answer.text
