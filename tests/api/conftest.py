"""Fixtures for the API's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.notices.outbox import Notices
from api.services import Services
from api.store import Store
from api.web.cookie import secret_key
from category_crawler.files.home import var_folder
from tests.api.receivers import Mailbox, mail_settings, smtp_server
from tests.api.services import Caller, Daemon, daemon, free_port, new_user
from tests.crawls import Home

PATIENCE = Settings(cancel_grace=2, lost_after=1, rate_limit="")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a database in which there is nothing yet."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="session")
def application(empty_home: Path) -> Flask:
    """The API over an empty home; ``app`` renews what depends on the home."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CATEGORY_CRAWLER_HOME", str(empty_home))
        made = create_app(PATIENCE)
    made.extensions["services"].store.close()
    return made


@pytest.fixture
def app(application: Flask, empty_home: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The API over a home of its own; where a test asks for no Scrapyd, none is there."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(free_port()))
    # Making its tables and compiling its addresses would take longer than most tests.
    var_folder().mkdir(exist_ok=True)
    shutil.copy(empty_home / "var" / "api.db", var_folder())
    Services.make(PATIENCE).init_app(application)
    application.config["SECRET_KEY"] = secret_key()
    return application


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
