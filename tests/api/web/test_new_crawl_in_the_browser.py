"""The way from an address to a run, in the real browser, with a real Scrapyd."""

import csv
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from api.store import Store
from api.store.records import User
from category_crawler.delivery.session import session_file
from tests.api.services import Daemon
from tests.api.web.looks import check
from tests.crawls import DOMAIN, POSTCODE, URL

PATIENCE = 90_000
"""Milliseconds, for jobs of Scrapyd."""


@pytest.fixture
def link(app: Flask, ann: User) -> str:
    """A path that signs Ann in."""
    return f"/sign-in/{app.extensions['services'].accounts.new_link(ann.id)}"


def test_from_an_address_to_a_run(page: Page, link: str, scrapyd: Daemon, store: Store) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    session_file(DOMAIN, POSTCODE).unlink()
    page.goto(link)
    page.goto("/new/")
    page.get_by_text("Repeat", exact=True).click()
    expect(page.get_by_label("Time zone")).to_have_value("Australia/Sydney")
    page.get_by_label("Address of a category’s page").fill("https://amzn.to/3x")
    expect(page.get_by_text("makes short links")).to_be_visible()
    page.get_by_label("Address of a category’s page").fill(f"{URL}&tag=x-22")
    expect(page.get_by_text("number 4851693051")).to_be_visible()
    page.get_by_label("Deliver to (postcode)").press_sequentially(POSTCODE)
    expect(page.get_by_text("this preview is of the settings before")).to_be_hidden()
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("is being told to deliver")).to_be_visible()
    expect(page.get_by_text("The shop delivers to BRAY PARK 4500")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Prime, ships from Australia").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("products, according to the shop")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("ul.products li")).to_have_count(8)
    expect(page.get_by_label("Prime, ships from Australia")).to_be_checked()
    check(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check(page)
    old = page.get_by_text("this preview is of the settings before")
    expect(old).to_be_hidden()
    page.get_by_label("Highest price").fill("1,500")
    expect(old).to_be_visible()
    check(page)
    page.get_by_role("button", name="Start").dblclick()
    page.wait_for_url("**/collections/1/runs/1/")
    assert store.runners.page(1, None, 10, 0)[0] == 1
    # Pictures of the stand-in shop are not there.
    assert [line for line in said if "ERR_" not in line] == []


def test_the_whole_way_from_link_to_download_by_keyboard_alone(
    page: Page, link: str, scrapyd: Daemon, store: Store, tmp_path: Path
) -> None:
    page.goto(link)
    _go(page, page.get_by_role("link", name="New crawl").first)
    page.wait_for_url("**/new/")
    _go(page, page.get_by_label("Address of a category’s page"), URL)
    expect(page.get_by_text("number 4851693051")).to_be_visible()
    _go(page, page.get_by_label("Deliver to (postcode)"), POSTCODE)
    expect(page.get_by_text("The shop delivers to")).to_be_visible()
    _go(page, page.get_by_role("button", name="Start"))
    page.wait_for_url("**/collections/1/runs/1/")
    expect(page.get_by_text("Done, and complete")).to_be_visible(timeout=PATIENCE)
    _go(page, page.get_by_role("link", name="Products and downloads"))
    page.wait_for_url("**/products/")
    runner = store.runners.get(1)
    assert runner is not None
    assert runner.asin_count > 50
    expect(page.get_by_role("heading", name=f"{runner.asin_count} products")).to_be_visible()
    with page.expect_download() as download:
        _go(page, page.get_by_role("link", name="CSV", exact=True).first)
    download.value.save_as(tmp_path / "lamps.csv")
    with (tmp_path / "lamps.csv").open(newline="") as file:
        assert len([*csv.DictReader(file)]) == runner.asin_count


def _go(page: Page, wanted: Locator, text: str = "") -> None:
    """Press Tab until something has the focus; then type a text, or press Enter."""
    wanted.wait_for()
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            break
    else:
        raise AssertionError(f"no number of tabs leads to {wanted}")
    if text:
        page.keyboard.type(text)
    else:
        page.keyboard.press("Enter")


def test_the_same_way_without_scripts(
    browser: Browser, site: str, link: str, scrapyd: Daemon, store: Store
) -> None:
    session_file(DOMAIN, POSTCODE).unlink()
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.goto("/new/")
    page.get_by_label("Address of a category’s page").fill(URL)
    page.get_by_label("Deliver to (postcode)").fill(POSTCODE)
    page.keyboard.press("Enter")
    expect(page.get_by_text("number 4851693051")).to_be_visible()
    page.get_by_role("button", name="Set it up").click()
    _look_again(page, "button", "The shop delivers to")
    page.get_by_role("button", name="Preview").click()
    _look_again(page, "link", "products, according to the shop")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/collections/1/runs/1/")
    assert store.runners.page(1, None, 10, 0)[0] == 1
    context.close()


def _look_again(page: Page, role: str, words: str) -> None:
    """Load the page again until it says the words."""
    wanted = page.get_by_text(words)
    for _ in range(90):
        if wanted.is_visible():
            return
        again = page.get_by_role("button" if role == "button" else "link", name="Look again")
        again.click()
        page.wait_for_timeout(1000)
    raise AssertionError(f"the page never said {words!r}")
