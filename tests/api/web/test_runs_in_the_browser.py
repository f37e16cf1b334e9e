"""Collections and runs in the real browser: live, by keyboard alone, for everyone."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Runner, User
from category_crawler.run.events import Event, EventKind
from category_crawler.run.price_axis import PriceAxis, PriceRange
from category_crawler.run.writer import Run
from tests.api.services import Daemon
from tests.api.web.crawls import (
    ended,
    exported,
    page_of,
    services_of,
    start,
    stored,
    until_ended,
    until_moving,
)
from tests.api.web.looks import check
from tests.storefront import Storefront

EVIL, HEBREW = "<script>document.title = 1</script>", "מנורות שולחן"
STATES = ("whole", "capped", "unknown", "open")


@pytest.fixture
def signed_in(page: Page, app: Flask, ann: User) -> Page:
    """Ann's browser."""
    page.goto(f"/sign-in/{services_of(app).accounts.new_link(ann.id)}")
    return page


def with_everything(app: Flask, user: int) -> Runner:
    """A failed run with a log, a picture of every state, and a schedule."""
    runner = stored(app, user, EVIL, price_max_cents=90000)
    run = Run.create(folder_of(runner).path, {})
    for page in range(30):
        run.note(Event(at="2026-01-01T00:00:00Z", kind=EventKind.RETRIED, page=page, seconds=4))
    ranges = [
        PriceRange(
            low_cents=1000 * place or None,
            high_cents=1000 * place + 999 if place < 7 else None,
            state=STATES[place % 4],
            reported=100,
            seen=100 - 10 * place,
            listings=1,
        )
        for place in range(8)
    ]
    run.draw(PriceAxis(division="price", ranges=tuple(ranges), joined=3))
    run.close()
    return ended(app, runner, "blocked", "A captcha", 10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_serious_for_axe_and_nothing_too_wide(
    signed_in: Page, app: Flask, ann: User, width: int, scheme: str
) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    failed = with_everything(app, ann.id)
    opened = stored(app, ann.id, HEBREW)
    done = exported(app, stored(app, ann.id), f"s3://shop-data/{'a_long_name_' * 20}.json")
    for path in (
        *("/collections/", page_of(failed), f"{page_of(failed)}log", page_of(opened)),
        page_of(done),
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        check(page)
        assert page.title() != "1"


def test_a_run_goes_on_before_ones_eyes_until_it_has_ended(
    signed_in: Page, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 2
    page, runner = signed_in, until_moving(app, start(app, ann.id, name="Lamps"))
    asked: list[int] = []
    page.on("response", lambda one: asked.append(one.status) if "/live" in one.url else None)
    page.goto(page_of(runner))
    expect(page.locator("#live")).to_contain_text("running")
    shop.switches.latency = 0
    expect(page.get_by_text("Done, and complete")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(4000)
    polls = len(asked)
    page.wait_for_timeout(4000)
    assert len(asked) == polls
    assert page.locator("svg .whole rect").count() >= 1


def test_an_end_changes_what_it_must_and_keeps_what_is_being_typed(
    signed_in: Page, app: Flask, ann: User
) -> None:
    page, runner = signed_in, stored(app, ann.id, "Lamps")
    page.goto(page_of(runner))
    page.get_by_text("Add an alert").click()
    page.get_by_label("Only with these words").fill("half a wo")
    ended(app, runner, "unreachable", "Silence")
    expect(page.locator("#outcome")).to_contain_text("The shop gave no answer", timeout=20_000)
    assert page.get_by_label("Only with these words").input_value() == "half a wo"
    assert page.evaluate("document.activeElement.id") == "search"
    expect(page.locator("#runs")).to_contain_text("failed")
    expect(page.locator("#coverage")).to_contain_text("has not come to its end")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert page.locator("[hx-trigger^=every]").count() == 0
    check(page)
    page.get_by_role("button", name="Run again").click()
    expect(page.locator("h1")).to_be_visible()


def test_a_picture_without_news_is_left_alone(signed_in: Page, app: Flask, ann: User) -> None:
    page, runner = signed_in, stored(app, ann.id)
    page.goto(page_of(runner))
    statuses = []
    for _ in range(2):
        with page.expect_response(lambda one: "/coverage" in one.url) as answer:
            pass
        statuses.append(answer.value.status)
    assert statuses == [200, 304]


def test_a_poll_without_news_leaves_the_page_alone(signed_in: Page, app: Flask, ann: User) -> None:
    page, runner = signed_in, stored(app, ann.id)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    with page.expect_response(lambda one: "/live" in one.url):
        page.goto(page_of(runner))
    page.wait_for_timeout(200)
    page.evaluate("document.querySelector('#live').firstElementChild.dataset.mine = 'kept'")
    with page.expect_response(lambda one: "/live" in one.url) as answer:
        pass
    assert answer.value.status == 304
    assert page.locator("[data-mine=kept]").count() == 1
    assert said == []


def test_a_poll_that_fails_leaves_the_page_alone_and_is_made_again(
    signed_in: Page, app: Flask, ann: User, store: Store
) -> None:
    page, runner = signed_in, stored(app, ann.id)
    page.goto(page_of(runner))
    store.db.conn.execute("ALTER TABLE collections RENAME COLUMN name TO gone")
    with page.expect_response(lambda one: "/live" in one.url) as answer:
        pass
    assert answer.value.status == 503
    store.db.conn.execute("ALTER TABLE collections RENAME COLUMN gone TO name")
    page.wait_for_timeout(500)
    assert page.locator("#live .figures").count() == 1
    assert "This did not work" not in page.content()
    with page.expect_response(lambda one: "/live" in one.url) as answer:
        pass
    assert answer.value.status in (200, 304)


def test_the_list_follows_and_then_stops_asking(signed_in: Page, app: Flask, ann: User) -> None:
    page, runner = signed_in, stored(app, ann.id, "Lamps")
    page.goto("/collections/")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_text("Rename or delete").click()
    page.get_by_label("Name").fill("Half a na")
    ended(app, runner)
    expect(page.get_by_role("button", name="Run again")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert page.get_by_label("Name").input_value() == "Half a na"
    assert page.locator("#poller").get_attribute("hx-trigger") is None


def test_a_collection_is_deleted_by_keyboard_alone_once_one_says_yes(
    signed_in: Page, app: Flask, ann: User, store: Store
) -> None:
    page = signed_in
    runner = ended(app, stored(app, ann.id, "Lamps"))
    page.goto("/collections/")
    answers = iter([False, True])
    page.on("dialog", lambda one: one.accept() if next(answers) else one.dismiss())
    page.get_by_text("Rename or delete").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Delete"
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert store.runners.get(runner.id) is not None
    page.keyboard.press("Enter")
    expect(page.get_by_text("The collection is deleted")).to_be_visible()
    assert store.runners.get(runner.id) is None


def test_a_failed_run_is_resumed_without_scripts(
    browser: Browser, site: str, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.block, shop.switches.block_from = "captcha", 2
    failed = until_ended(app, start(app, ann.id, name="Lamps"))
    shop.switches.block = ""
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/sign-in/{services_of(app).accounts.new_link(ann.id)}")
    page.get_by_role("link", name="Lamps").click()
    page.get_by_role("button", name="Continue run").first.click()
    newest = services_of(app).store.runners.newest(ann.id, failed.collection.id)
    assert newest is not None
    until_ended(app, newest)
    page.reload()
    assert page.get_by_text("Done, and complete").is_visible()
    assert page.get_by_text("The crawl continues; ").is_visible()
    context.close()


def test_a_page_that_asks_in_vain_says_so_until_it_is_answered(
    signed_in: Page, app: Flask, ann: User
) -> None:
    page = signed_in
    page.goto(page_of(stored(app, ann.id)))
    silent = page.get_by_text("The service does not answer")
    expect(silent).to_be_hidden()
    page.context.set_offline(True)
    expect(silent).to_be_visible(timeout=15_000)
    page.context.set_offline(False)
    expect(silent).to_be_hidden(timeout=15_000)
