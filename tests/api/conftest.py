"""Fixtures for the API's tests."""

from collections.abc import Iterator

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.notices.outbox import Notices
from api.store import Store
from tests.api.receivers import Mailbox, mail_settings, smtp_server
from tests.api.services import Caller, Daemon, daemon, free_port, new_user
from tests.crawls import Home

PATIENCE = Settings(cancel_grace=2, lost_after=1, rate_limit="")


@pytest.fixture
def app(home: Home, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The API over a home of its own; where a test asks for no Scrapyd, none is there."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(free_port()))
    return create_app(PATIENCE)


@pytest.fixture
def store(app: Flask) -> Store:
    """That API's store."""
    found: Store = app.extensions["services"].store
    return found


@pytest.fixture
def no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Scrapyd that starts from now on runs no job."""
    monkeypatch.setenv("SCRAPYD_MAX_PROC_PER_CPU", "0")


@pytest.fixture
def scrapyd(app: Flask, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A real Scrapyd for that API."""
    port = app.extensions["services"].jobs.scrapyd.url.rpartition(":")[2]
    environment = home.environment | {"SCRAPYD_PORT": port}
    with daemon(home.folder, int(port), environment) as running:
        yield running


@pytest.fixture
def alice(app: Flask) -> Caller:
    """A user."""
    return new_user(app, "alice@example.org")


@pytest.fixture
def bob(app: Flask) -> Caller:
    """Another user."""
    return new_user(app, "bob@example.org")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """What a mail server without TLS has taken."""
    with smtp_server() as box:
        yield box


@pytest.fixture
def notices(store: Store, mailbox: Mailbox) -> Notices:
    """The store's notices, whose mails go to the mailbox."""
    return Notices(store, mail_settings(mailbox))
