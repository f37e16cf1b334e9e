"""Products in the real browser: 100,000 of them, by keyboard, without scripts, for everyone."""

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from api.products import downloads
from api.store.records import Runner, User
from api.store.stage import Stage
from category_crawler.items import Product
from tests.api.routes.test_history import Recorded
from tests.api.services import Caller
from tests.api.web.looks import check
from tests.api.web.reader import PASSWORD
from tests.records import product

LARGEST = 100_000
"""Bytes of our own files, gzipped, that a page loads before it is first shown."""
EVIL = "<script>document.title = 'evil'</script>"
RIGHT_TO_LEFT = "مصباح مكتب LED قابل للتعتيم"


def _products(number: int) -> list[Product]:
    dice = Random(9)
    titles = (EVIL, RIGHT_TO_LEFT, "Steel kettle", "Desk lamp, red, with a very long name " * 4)
    return [
        product(
            n,
            title=f"{titles[n % 4]} {n}",
            brand=f"Brand {n % 37}",
            price_cents=dice.randrange(100, 90_000),
            list_price_cents=dice.choice([None, 95_000]),
            currency="AUD",
            rating=dice.choice([None, 3.5, 4.1, 4.8]),
            review_count=n,
            is_prime=n % 3 == 0,
            in_stock=True,
            delivery="FREE delivery Sun, 30 Nov",
            position=n + 1,
            image_url=f"https://m.media-amazon.com/images/I/{n}.jpg",
            scraped_at="2026-11-27T05:00:00Z",
        )
        for n in range(number)
    ]


@pytest.fixture
def lamps(app: Flask, ann: User) -> Recorded:
    return Recorded(app, Caller(app.test_client(), "", ann.id))


@pytest.fixture
def runs(lamps: Recorded) -> tuple[Runner, Runner]:
    """Two runs of 300 products; in the later one prices have moved."""
    first = _products(300)
    later = [replace(one, price_cents=(one.price_cents or 0) * 9 // 10) for one in first[3:]]
    ended = lamps.end("2026-11-20", first), lamps.end("2026-11-27", later)
    assert lamps.services.archive.record_all() == 2
    return ended


@pytest.fixture
def pages(runs: tuple[Runner, Runner]) -> list[str]:
    """The address of each kind of page."""
    collection = runs[0].collection.id
    path = f"/collections/{collection}/runs/{runs[1].id}/products/"
    return [
        *(path, f"{path}?price_min=x&search=lamp", f"{path}overview/"),
        *(f"/collections/{collection}/changes/", f"/products/amazon.com.au/{product(7).asin}/"),
    ]


@pytest.fixture
def signed_in(page: Page, ann: User) -> Iterator[Page]:
    """A page whose reader is Ann; nothing leaves the machine, and nothing may be said."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page)
    yield page
    assert [one for one in said if "status of 400" not in one and "status of 503" not in one] == []


def sign_in(page: Page) -> None:
    page.route("https://m.media-amazon.com/**", lambda route: route.fulfill(body=b""))
    page.goto("/sign-in")
    page.locator("#email").fill("ann@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_serious_for_axe_and_nothing_too_wide(
    signed_in: Page, pages: list[str], scheme: str, width: int
) -> None:
    signed_in.set_viewport_size({"width": width, "height": 800})
    signed_in.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in pages:
        signed_in.goto(path)
        for summary in signed_in.locator("main summary").all():
            summary.click()
        signed_in.wait_for_load_state("networkidle")
        check(signed_in)


def test_titles_are_texts_and_charts_are_drawn(signed_in: Page, pages: list[str]) -> None:
    for path in pages:
        signed_in.goto(path)
        assert signed_in.title() != "evil"
    signed_in.goto(pages[0])
    expect(signed_in.get_by_text(EVIL).first).to_be_visible()
    signed_in.get_by_text("Charts and counts").click()
    expect(signed_in.locator("#overview canvas").first).to_be_visible()
    assert signed_in.locator("#overview canvas").count() == 4
    drawn = signed_in.evaluate(
        "[...document.querySelectorAll('#overview canvas')].map(c => Chart.getChart(c).config.type)"
    )
    assert drawn == ["bar", "scatter", "bar", "bar"]
    signed_in.goto(pages[-1])
    line = signed_in.evaluate(
        "Chart.getChart(document.querySelector('canvas')).data.datasets.map(d => [d.label, d.data])"
    )
    assert [label for label, _ in line] == ["Price", "List price"], "the rest is in the table alone"
    assert len(line[0][1]) == 2
    assert line[0][1][1]["x"] - line[0][1][0]["x"] == 7 * 24 * 3600 * 1000


def test_by_keyboard_alone_to_a_sorted_filtered_table(signed_in: Page, pages: list[str]) -> None:
    signed_in.goto(pages[0])
    signed_in.locator("#search").focus()
    signed_in.keyboard.type("kettle")
    signed_in.keyboard.press("Tab")
    signed_in.keyboard.press("Tab")
    signed_in.keyboard.press("Enter")
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("document.activeElement.id") == "price_min"
    signed_in.keyboard.type("100")
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**search=kettle**price_min=100**")
    signed_in.get_by_role("link", name="Rating").focus()
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**sort=-rating**")
    assert signed_in.locator("th[aria-sort=descending]").inner_text() == "Rating ↓"
    titles = signed_in.locator("tbody td.long a").all_inner_texts()
    assert titles
    assert all("kettle" in title for title in titles)


def test_first_paint_is_small(signed_in: Page, pages: list[str]) -> None:
    for path in pages:
        loaded: Counter[str] = Counter()

        def add(answer: Any, loaded: Counter[str] = loaded) -> None:
            if "127.0.0.1" in answer.url and answer.status == 200:
                loaded[answer.url] = len(gzip.compress(answer.body()))

        signed_in.on("response", add)
        signed_in.goto(path)
        signed_in.wait_for_load_state("networkidle")
        signed_in.remove_listener("response", add)
        assert sum(loaded.values()) <= LARGEST, loaded


def test_it_works_without_scripts(
    browser: Browser, site: str, runs: tuple[Runner, Runner], pages: list[str], tmp_path: Path
) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto(pages[0])
    page.locator("#search").fill("kettle")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Delivery").uncheck()
    page.locator("#column-brand").check()
    page.get_by_role("button", name="Show these").last.click()
    assert page.locator("#count").inner_text() == "74 products"
    heads = page.locator("th").all_inner_texts()
    assert "Brand" in heads
    assert "Delivery" not in heads
    page.get_by_role("link", name="Next →").click()
    assert page.locator("tbody tr").count() == 24
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").first.click()
    path = tmp_path / begun.value.suggested_filename
    begun.value.save_as(path)
    lines = path.read_text().splitlines()
    assert len(lines) == 75
    assert lines[0].startswith("asin,image_url,title,url,brand,price,")
    page.get_by_text("Charts and counts").click()
    page.get_by_role("link", name="Show them").click()
    page.get_by_text("The numbers of “The most frequent brands”").click()
    page.get_by_role("link", name="Brand 10", exact=True).click()
    assert "brand=Brand+10" in page.url
    page.goto(pages[3])
    page.get_by_label("Earlier run").select_option(str(runs[0].id))
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("link", name="297 Price down").click()
    assert page.locator("table.products tbody tr").count() == 50
    page.locator("table.products tbody a").first.click()
    assert page.get_by_role("link", name="See it at amazon.com.au").is_visible()
    context.close()


def test_what_is_being_prepared_appears_by_itself(
    signed_in: Page, lamps: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0)
    first = lamps.end("2026-11-20", _products(9000), Stage.FAILED)
    second = lamps.end("2026-11-27", _products(9000), Stage.FAILED)
    signed_in.goto(f"/collections/{first.collection.id}/runs/{second.id}/products/")
    assert "is being prepared" in signed_in.locator("#found").inner_text()
    expect(signed_in.locator("#count")).to_have_text("9,000 products", timeout=20_000)
    with signed_in.expect_download(timeout=30_000) as begun:
        signed_in.get_by_role("link", name="Excel").first.click()
        expect(signed_in.get_by_role("heading")).to_have_text("The file is being prepared")
    assert begun.value.path().read_bytes().startswith(b"PK")
    signed_in.goto(f"/collections/{first.collection.id}/changes/?from={first.id}&to={second.id}")
    assert "are being compared" in signed_in.locator("#changes").inner_text()
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 5)
    expect(signed_in.locator("#changes h2")).to_have_text("All changes: 0", timeout=20_000)


def test_a_hundred_thousand_products(signed_in: Page, lamps: Recorded) -> None:
    number = 100_000
    runner = lamps.end("2026-11-27", _products(number))
    assert lamps.services.archive.record_all() == 1
    signed_in.goto(f"/collections/{runner.collection.id}/runs/{runner.id}/products/")
    assert signed_in.locator("#count").inner_text() == "100,000 products"
    assert signed_in.locator("tbody tr").count() == 50
    signed_in.get_by_role("link", name="Price", exact=True).click()
    expect(signed_in.locator("th[aria-sort=ascending]")).to_have_text("Price ↑")
    assert signed_in.locator("tbody td.number").first.inner_text().startswith("$1.0")
    signed_in.goto(f"{signed_in.url}&skip=99950")
    assert signed_in.locator("tbody tr").count() == 50
    signed_in.get_by_text("Charts and counts").click()
    expect(signed_in.locator("#overview canvas").first).to_be_visible(timeout=20_000)
    with signed_in.expect_download(timeout=60_000) as begun:
        signed_in.get_by_role("link", name="CSV").first.click()
    with begun.value.path().open("rb") as file:
        assert sum(1 for _ in file) == number + 1
