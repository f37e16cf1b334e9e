"""The page of a run's products: what it shows, what it counts, and what its files hold."""

import csv
import html
import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import openpyxl
import pytest
from flask import Flask

from api.products import downloads
from api.runners.attempts import folder_of
from api.store.records import User
from category_crawler.items import Product
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from tests.api.routes.test_results import Kept
from tests.api.services import Caller
from tests.api.web.reader import Reader
from tests.records import product
from tests.waiting import until

EVIL = "<script>alert(1)</script> & lamp"
RIGHT_TO_LEFT = "مصباح مكتب"
_dice = Random(21)


def _random_product(number: int) -> Product:
    price = _dice.choice([None, _dice.randrange(100, 30_000)])
    return product(
        number,
        title=_dice.choice(["Steel Kettle", "Café table", "=Desk LAMP, red", EVIL, RIGHT_TO_LEFT]),
        brand=_dice.choice([None, "Acme", "O'Neill & Sons", "Größe"]),
        price=None if price is None else f"${price / 100:.2f}",
        price_cents=price,
        currency="AUD",
        list_price_cents=_dice.choice([None, 9_000]),
        rating=_dice.choice([None, 2.0, 3.9, 4.0, 4.7, 5.0]),
        review_count=_dice.choice([None, 0, 12_345]),
        is_prime=_dice.choice([None, True, False]),
        in_stock=_dice.choice([None, True, False]),
        coupon=_dice.choice([None, "Save 5%"]),
        position=number + 1,
        badges=_dice.choice([None, ["Best Seller", "Deal"]]),
        delivery=_dice.choice([None, "FREE delivery Tomorrow, 28 Nov", "FREE delivery 1 - 3 Dec"]),
        url=f"https://www.amazon.com.au/dp/B{number:09d}",
        image_url=f"https://m.media-amazon.com/images/I/{number}.jpg",
        scraped_at="2026-11-27T05:00:00Z",
    )


PRODUCTS = [_random_product(number) for number in range(260)]


def _cents(one: Product) -> int:
    return -1 if one.price_cents is None else one.price_cents


FILTERS: list[tuple[str, Any]] = [
    ("", lambda one: True),
    ("search=steel", lambda one: one.title == "Steel Kettle"),
    ("search=%00steel%0b", lambda one: one.title == "Steel Kettle"),
    ("brand=acme&brand=", lambda one: one.brand == "Acme"),
    ("brand=acme&brand=O%27Neill+%26+Sons", lambda one: one.brand not in (None, "Größe")),
    ("price_min=50", lambda one: _cents(one) >= 5_000),
    ("price_max=50.05&price_min=0,5", lambda one: 50 <= _cents(one) <= 5_005),
    ("rating_min=4", lambda one: (one.rating or 0) >= 4),
    ("rating_min=4,1", lambda one: (one.rating or 0) > 4),
    ("prime=yes", lambda one: one.is_prime is True),
    ("stock=no", lambda one: one.in_stock is False),
    ("coupon=yes", lambda one: one.coupon is not None),
    (
        "discount=no",
        lambda one: one.price_cents is None or not (one.list_price_cents or 0) > one.price_cents,
    ),
    ("delivery=FREE+delivery+1+-+3+Dec", lambda one: "Dec" in (one.delivery or "")),
    ("delivery_by=2026-12-02", lambda one: "Tomorrow" in (one.delivery or "")),
    ("search=kettle&prime=yes&rating_min=3", None),
]


class Shelf:
    """The products of a run of Ann's, and the pages about them."""

    def __init__(self, reader: Reader, kept: Kept) -> None:
        self.reader = reader
        self.kept = kept
        self.path = f"/collections/{kept.collection}/runs/{kept.runner.id}/products/"

    def text(self, query: str = "", view: str = "", status: int = 200, **headers: str) -> str:
        answer = self.reader.get(f"{self.path}{view}?{query}", **headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def asins(self, query: str) -> list[str]:
        """The products on all pages, in order."""
        found: list[str] = []
        path: str | None = f"{self.path}?{query}"
        while path:
            text = self.reader.get(path).text
            found += asins_on(text)
            following = re.search(r'<a href="([^"]+)" rel="next"', text)
            path = following and html.unescape(following[1])
        return found


def asins_on(text: str) -> list[str]:
    return re.findall(r'<a href="/products/amazon\.com\.au/(\w{10})/', text)


def total_on(text: str) -> int:
    found = re.search(r'<h2 id="count">([\d,]+) product', text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


@pytest.fixture
def owner(app: Flask, ann: User) -> Caller:
    """Ann, who asks by no key."""
    return Caller(app.test_client(), "", ann.id)


@pytest.fixture
def shelf(app: Flask, reader: Reader, owner: Caller) -> Shelf:
    kept = Kept(app, owner, domain="amazon.com.au", postcode="4500")
    return Shelf(reader, kept.done(PRODUCTS))


@pytest.mark.parametrize(("query", "fits"), FILTERS, ids=[query for query, _ in FILTERS])
def test_what_fits_is_shown_and_counted(shelf: Shelf, query: str, fits: Any) -> None:
    fits = fits or (
        lambda one: one.title == "Steel Kettle" and one.is_prime and (one.rating or 0) >= 3
    )
    wanted = [one.asin for one in PRODUCTS if fits(one)]
    assert shelf.asins(query) == wanted
    assert total_on(shelf.text(query)) == len(wanted)


def test_values_are_escaped_and_in_their_own_direction(shelf: Shelf) -> None:
    for query in ("search=alert", "search=مصباح", "brand=<b>x", "delivery=<b>x", "columns=<b>x"):
        text = shelf.text(query)
        assert "<script>alert" not in text
        assert "<b>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; lamp</a>" in shelf.text("search=alert")
    assert f'dir="auto">{RIGHT_TO_LEFT}</a>' in shelf.text("search=مصباح")
    assert 'src="https://m.media-amazon.com/images/I/0.jpg"' in shelf.text()


def test_a_row_says_what_the_product_says(app: Flask, reader: Reader, owner: Caller) -> None:
    one = product(
        7,
        price_cents=2999,
        price="$29.99",
        price_is_from=True,
        currency="AUD",
        list_price_cents=5999,
        rating=4.5,
        review_count=1234,
        is_prime=True,
        in_stock=False,
        delivery="FREE Sun",
        coupon="Save 5%",
    )
    other = product(8, price_cents=2999, price="US$29.99", currency="USD")
    shelf = Shelf(reader, Kept(app, owner, domain="amazon.com.au").done([one, other]))
    body = shelf.text().partition("<tbody>")[2]
    cells = [
        re.sub("<[^>]+>", "", cell).strip()
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", body, re.DOTALL)
    ]
    assert cells[:11] == [
        *("", "Lamp 7", "from $29.99", "$59.99", "50%", "4.5", "1,234", "yes", "FREE Sun", "no"),
        "Save 5%",
    ]
    assert cells[13] == "US$29.99", "another currency is shown as the shop wrote it"


@pytest.mark.parametrize(
    ("head", "first"),
    [("Price", "price"), ("Discount", "-discount"), ("Rating", "-rating"), ("Title", "title")],
)
def test_clicking_a_head_sorts_and_clicking_again_turns_it_round(
    shelf: Shelf, head: str, first: str
) -> None:
    def click(text: str) -> str:
        found = re.search(rf'<th[^>]*><a href="([^"]+)">{head}</a>', text)
        assert found is not None
        return html.unescape(found[1])

    once = click(shelf.text("brand=Acme&skip=50"))
    again = click(shelf.reader.get(once).text)
    assert once == f"{shelf.path}?brand=Acme&sort={first}"
    other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    assert again == f"{shelf.path}?sort={other}&brand=Acme"
    assert click(shelf.reader.get(again).text) == f"{shelf.path}?sort={first}&brand=Acme"
    told = "descending" if first.startswith("-") else "ascending"
    assert re.findall('aria-sort="([a-z]+)"', shelf.reader.get(once).text) == [told]
    assert shelf.asins(once.partition("?")[2]) != shelf.asins("brand=Acme")


def test_pages_keep_filters_order_and_columns(shelf: Shelf) -> None:
    query = "sort=-price&columns=title&columns=price&price_min=1"
    shown = shelf.asins(query)
    priced = [one for one in PRODUCTS if one.price_cents is not None]
    assert len(shown) == len(priced)
    prices = {one.asin: _cents(one) for one in PRODUCTS}
    assert [prices[asin] for asin in shown] == sorted(map(_cents, priced), reverse=True)
    beyond = shelf.text("skip=9999")
    assert "The list is shorter than this page." in beyond
    assert asins_on(shelf.text("skip=x&sort=title")) == shelf.asins("sort=title")[:50]


def test_only_chosen_columns_are_shown(shelf: Shelf) -> None:
    def heads(query: str) -> list[str]:
        return re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', shelf.text(query))

    assert heads("columns=seller&columns=title&columns=nonsense") == ["Title", "Seller"]
    assert heads("")[:3] == ["Picture", "Title", "Price"]
    assert heads("columns=") == heads("")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("price_min=abc", "Write a price such as 12.50."),
        ("price_min=1,00.50", "Write a price such as 12.50."),
        ("price_min=9&price_max=3", "The highest price is below the lowest."),
        ("rating_min=6", "Write stars from 0 to 5, such as 4.5."),
        ("rating_min=5.1", "This is 5.1: it must be at most 5"),
        ("rating_min=x", "Write stars from 0 to 5, such as 4.5."),
        ("prime=perhaps", "Choose yes or no."),
        ("delivery_by=tomorrow", "it must be a day such as"),
        ("sort=price_cents;DROP", "Choose one of the orders."),
        ("search=" + "x" * 201, "at most 200 characters"),
        ("brand=" + "x" * 201, "at most 200 characters"),
    ],
)
def test_a_wrong_filter_is_told_beside_its_field(shelf: Shelf, query: str, said: str) -> None:
    text = shelf.text(query, status=400)
    assert said in html.unescape(text)
    name, _, typed = query.rpartition("&")[2].partition("=")
    assert f'value="{typed}"' in text or name in ("prime", "sort"), "what was typed is kept"
    assert "Correct it to see the products." in text
    assert asins_on(text) == []
    assert shelf.reader.get(f"{shelf.path}selected.csv?{query}").status_code == 400
    assert shelf.text(query, "overview/", status=400)


def rows_in(form: str, data: bytes, folder: Path) -> list[dict[str, Any]]:
    """What a file holds, read by other programs."""
    path = folder / f"file.{form}"
    path.write_bytes(data)
    if form == "csv":
        return [*csv.DictReader(io.StringIO(path.read_text(), newline=""))]
    if form == "json":
        rows: list[dict[str, Any]] = json.loads(data)
        return rows
    if form == "xlsx":
        head, *lines = openpyxl.load_workbook(path, read_only=True)["Products"].values
        return [dict(zip(head, line, strict=True)) for line in lines]
    found = duckdb.sql(f"SELECT * FROM '{path}'")
    return [dict(zip(found.columns, line, strict=True)) for line in found.fetchall()]


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "json"])
def test_a_file_holds_exactly_what_is_shown(shelf: Shelf, form: str, tmp_path: Path) -> None:
    query = "prime=yes&sort=-discount&columns=title&columns=price&columns=discount&columns=badges"
    shown = shelf.asins(query)
    assert 51 < len(shown) < len(PRODUCTS)
    link = re.search(rf'href="([^"]+selected\.{form}[^"]+)"', shelf.text(query + "&skip=50"))
    assert link is not None
    answer = shelf.reader.get(html.unescape(link[1]))
    assert answer.status_code == 200
    rows = rows_in(form, answer.data, tmp_path)
    assert [one["asin"] for one in rows] == shown
    assert [*rows[0]] == [
        *("asin", "title", "url", "price", "price_cents", "currency"),
        *("discount_percent", "badges"),
    ]
    by_asin = {one.asin: one for one in PRODUCTS}
    for one in rows:
        truth = by_asin[one["asin"]]
        assert (one["price_cents"] or None) == (
            truth.price_cents if form != "csv" or truth.price_cents is None else str(_cents(truth))
        )
        neutral = "'" if form == "csv" and str(truth.title).startswith("=") else ""
        assert one["title"] == f"{neutral}{truth.title}"
    first = by_asin[shown[0]]
    assert int(rows[0]["discount_percent"]) == round(100 - _cents(first) / 90)
    named = answer.headers["Content-Disposition"]
    assert named.startswith("attachment; filename=amazon.com.au_")
    assert named.endswith(f"_selected.{form}")
    if form == "xlsx":
        about = openpyxl.load_workbook(tmp_path / "file.xlsx")["About"].values
        assert dict(about)["selected"] == "is_prime True; sort -discount"  # type: ignore[arg-type]
    again = shelf.reader.get(html.unescape(link[1]), **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_other_filters_and_columns_are_other_files(shelf: Shelf, tmp_path: Path) -> None:
    def rows(query: str) -> list[dict[str, Any]]:
        data = shelf.reader.get(f"{shelf.path}selected.json?{query}").data
        return rows_in("json", data, tmp_path)

    assert len(rows("prime=yes")) != len(rows("prime=no"))
    assert rows("columns=title") != rows("columns=brand")
    assert rows("sort=title") != rows("sort=-title")
    assert rows("sort=title") == rows("sort=title&skip=50")
    assert rows("search=nothing+like+it") == []


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "xlsx", "parquet"])
def test_the_whole_file_is_the_apis(shelf: Shelf, app: Flask, form: str) -> None:
    key = app.extensions["services"].accounts.new_key(shelf.kept.owner.user)
    answer = shelf.reader.get(f"{shelf.path}all.{form}")
    theirs = app.test_client().get(shelf.kept.path(form), headers={"x-api-key": key})
    assert (answer.status_code, theirs.status_code) == (200, 200)
    if form not in ("xlsx", "parquet"):
        assert answer.data == theirs.data
    assert len(answer.data) == len(theirs.data)
    named = theirs.headers["Content-Disposition"].replace("inline", "attachment")
    assert answer.headers["Content-Disposition"] == named


def test_the_counts_are_those_of_the_products_behind_them(shelf: Shelf) -> None:
    asked = "price_min=10"
    text = shelf.text(asked, "overview/")
    cell = r'href="([^"]+)" dir="auto">[^<]*</a></td><td class="number" data-value="(\d+)"'
    links = re.findall(cell, text)
    assert len(links) > 20
    for path, count in links:
        shown = shelf.reader.get(html.unescape(path)).text
        assert (path, total_on(shown)) == (path, int(count))
    flags = re.findall(r'href="([^"]+(?:yes|no))" dir="auto">([\d,]+)<', text)
    assert len(flags) == 8
    for path, count in flags:
        assert total_on(shelf.reader.get(html.unescape(path)).text) == int(count)


def test_a_price_at_the_edge_of_a_bar_is_behind_one_link(
    app: Flask, reader: Reader, owner: Caller
) -> None:
    every = [product(cents, price_cents=cents) for cents in range(1000, 1400)]
    shelf = Shelf(reader, Kept(app, owner, domain="amazon.com.au").done(every))
    cell = r'href="([^"]+price_min[^"]+)" dir="auto">[^<]*</a></td><td[^>]+data-value="(\d+)"'
    links = re.findall(cell, shelf.text("", "overview/"))
    assert len(links) == 20
    for path, count in links:
        assert total_on(reader.get(html.unescape(path)).text) == int(count)


def test_discounts_stand_beside_ratings(shelf: Shelf) -> None:
    text = shelf.text("", "overview/")
    rows = re.findall(
        r'<td data-value="([\d.]+)">[^<]+</td><td class="number" data-value="([\d.]+)">[^<]+</td>'
        r'<td class="number" data-value="([\d.]+)">[^<]+</td><td class="number" data-value="(\d+)"',
        text,
    )
    truth: dict[float, list[float]] = {}
    for one in PRODUCTS:
        if one.rating and one.list_price_cents and one.price_cents and one.price_cents < 9000:
            truth.setdefault(one.rating, []).append(100 - one.price_cents / 90)
    assert [float(one[0]) for one in rows] == sorted(truth)
    for rating, median, highest, count in rows:
        values = sorted(truth[float(rating)])
        assert len(values) == int(count)
        assert float(highest) == pytest.approx(values[-1], abs=0.06)
        middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
        assert float(median) == pytest.approx(middle, abs=0.06)


def test_the_part_for_htmx_is_without_the_page(shelf: Shelf) -> None:
    for view in ("", "overview/"):
        part = shelf.text("prime=yes", view, **{"HX-Request": "true"})
        assert "<html" not in part
        assert "<html" in shelf.text("prime=yes", view)


def test_a_run_that_goes_on_shows_what_it_has(app: Flask, reader: Reader, owner: Caller) -> None:
    kept = Kept(app, owner, domain="amazon.com.au")
    shelf = Shelf(reader, kept)
    assert "This run has not kept any products yet." in shelf.text()
    assert "There are no products to count." in shelf.text("", "overview/")
    run = Run.create(folder_of(kept.runner).path, {})
    try:
        run.keep([product(1), product(2)])
        with folder_of(kept.runner).partial_rows.open("ab") as file:
            file.write(row(product(3))[:30])
        text = shelf.text()
    finally:
        run.close()
    assert asins_on(text) == ["B000000001", "B000000002"]
    assert "This run goes on, and the list may be a minute old" in text


def test_a_large_run_is_prepared_while_the_page_waits(
    app: Flask, reader: Reader, owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [product(number, title=f"Lamp {_dice.getrandbits(400):x}") for number in range(9000)]
    kept = Kept(app, owner, domain="amazon.com.au").failed(many)
    shelf = Shelf(reader, kept)
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0)
    waiting = shelf.text("sort=title")
    assert "The list is large and is being prepared." in waiting
    assert f'hx-get="{shelf.path}?sort=title" hx-trigger="load delay:3s"' in waiting
    whole = until(lambda: shelf.text("sort=title"), lambda text: "being prepared" not in text)
    assert total_on(whole) == 9000
    file = reader.get(f"{shelf.path}selected.csv?sort=title")
    assert (file.status_code, file.headers["Refresh"]) == (503, "3")
    assert "The file is being prepared" in file.text
    ready = until(
        lambda: reader.get(f"{shelf.path}selected.csv?sort=title"), lambda a: a.status_code != 503
    )
    assert len(ready.data.splitlines()) == 9001


def test_a_run_whose_files_are_gone_says_so(shelf: Shelf) -> None:
    for path in folder_of(shelf.kept.runner).path.iterdir():
        path.unlink()
    for path in ("", "overview/", "selected.csv", "all.json"):
        answer = shelf.reader.get(shelf.path + path)
        assert answer.status_code == 404
        assert f"The rows of run {shelf.kept.runner.id} are missing" in answer.text


def test_nobody_sees_the_products_of_others(
    app: Flask, reader: Reader, shelf: Shelf, bob: Caller
) -> None:
    kept = Kept(app, bob, domain="amazon.com.au").done(PRODUCTS)
    for view in ("", "overview/", "selected.csv", "selected.json", "all.json", "all.csv"):
        for path in (
            Shelf(reader, kept).path + view,
            f"/collections/{shelf.kept.collection}/runs/{kept.runner.id}/products/{view}",
            f"/collections/{kept.collection}/runs/{shelf.kept.runner.id}/products/{view}",
        ):
            answer = reader.get(path)
            assert answer.status_code == 404
            assert PRODUCTS[0].asin not in answer.text


def test_pictures_can_be_left_out(app: Flask, shelf: Shelf) -> None:
    services = app.extensions["services"]
    settings = services.settings.model_copy(update={"picture_host": ""})
    app.extensions["services"] = replace(services, settings=settings)
    for query in ("", "columns=picture&columns=title"):
        shown = shelf.text(query)
        assert '<img src="https' not in shown
        assert "Picture" not in shown
        assert "columns=" not in re.findall(r'href="([^"]+)" rel="next"|$', shown)[0] or query


def test_the_most_frequent_brands_come_first(shelf: Shelf) -> None:
    text = shelf.text("", "overview/")
    names = re.findall(r'brand=[^"]+" dir="auto">([^<]+)<', text)
    counted = Counter(one.brand for one in PRODUCTS if one.brand)
    counts = [counted[html.unescape(name)] for name in names]
    assert counts == sorted(counted.values(), reverse=True)
