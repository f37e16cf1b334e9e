"""Fixtures for the pages' tests: readers without a browser, and the real browser."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from api.accounts.passwords import password_hash
from api.rest.server import http_server
from api.store import Store
from api.store.records import User
from category_crawler.delivery.browser import browser_arguments, find_browser
from tests.api.services import free_port
from tests.api.web.reader import PASSWORD, Reader


@pytest.fixture
def ann(store: Store) -> User:
    """The first user, an operator, who has a password."""
    store.users.set_password(
        store.users.add("ann@example.org", "Ann", "0" * 64), password_hash(PASSWORD)
    )
    found = store.users.named("ann@example.org")
    assert found is not None
    return found


@pytest.fixture
def reader(app: Flask, ann: User) -> Reader:
    """Ann, signed in."""
    signed_in = Reader(app.test_client())
    signed_in.sign_in(ann.email)
    return signed_in


@pytest.fixture
def stranger(app: Flask) -> Reader:
    """Someone who is not signed in."""
    return Reader(app.test_client())


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of a real server with the pages."""
    port = free_port()
    server = http_server(app, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.close()
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The real browser; as long as it is there, its event loop keeps others from this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(find_browser()), args=browser_arguments()
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page of a browser without cookies, at the site."""
    context = browser.new_context(base_url=site, locale="en-AU", timezone_id="Australia/Sydney")
    yield context.new_page()
    context.close()
