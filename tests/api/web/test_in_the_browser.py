"""The pages in the real browser: the way in, by keyboard alone, for everyone, and small enough."""

import gzip
from collections import Counter
from urllib.parse import urlencode

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Response

from api.store import Store
from api.store.records import SessionStatus, User
from tests.api.web.looks import check
from tests.api.web.reader import PASSWORD
from tests.crawls import DOMAIN, POSTCODE

LISTING = "https://www.amazon.com.au/s?rh=n%3A4851693051&low-price=5&tag=x"
PAGES = (
    *("/account/", "/no-such-page", "/new/", "/postcodes/", "/collections/", "/operator/"),
    *("/operator/runs/", "/operator/users/", "/operator/users/1/"),
    # Every part of it: an address with a price, all fields open, one that is wrong.
    f"/new/?{urlencode({'category_url': LISTING, 'postcode': '4500', 'repeat': 'daily'})}"
    "&alert_new=on&name=Lamps&max_products=many",
)
LARGEST = 100_000
"""Bytes of our own files, gzipped, that a page loads before it is first shown."""


@pytest.fixture
def link(app: Flask, ann: User) -> str:
    """A path that signs Ann in."""
    return f"/sign-in/{app.extensions['services'].accounts.new_link(ann.id)}"


def test_the_way_in_by_keyboard_alone(page: Page, ann: User) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.locator("#email").focus()
    page.keyboard.type(ann.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/collections/")
    assert page.get_by_role("heading", level=1).inner_text() == "Collections"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_serious_for_axe_and_nothing_too_wide(
    page: Page, link: str, ann: User, store: Store, scheme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto("/sign-in")
    check(page)
    page.goto(link)
    zipcode, _ = store.sessions.add_zipcode(ann.id, DOMAIN, POSTCODE, None, lambda: False)
    said = "The shop has asked for a name that is rather long: " * 3
    store.sessions.move(zipcode.session, SessionStatus.FAILED, failed_message=said)
    for path in PAGES:
        page.goto(path)
        check(page)


def test_pages_are_small_and_their_scripts_run(page: Page, link: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    loaded: Counter[str] = Counter()
    page.on("response", lambda answer: loaded.update({answer.url: _gzipped(answer)}))
    page.goto(link)
    page.goto("/account/")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(loaded.values()) <= LARGEST, loaded
    assert page.locator("time").first.get_attribute("data-local") == ""
    assert said == []


def test_it_works_without_scripts(browser: Browser, site: str, link: str) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.goto("/account/")
    page.get_by_role("button", name="Make a new key").click()
    assert page.get_by_text("Make a new key? The one before").is_visible()
    page.get_by_role("button", name="Yes").click()
    assert page.locator("#key").inner_text()
    assert "UTC" in page.locator("time").first.inner_text()
    context.close()


def _gzipped(answer: Response) -> int:
    return 0 if answer.status != 200 else len(gzip.compress(answer.body()))
