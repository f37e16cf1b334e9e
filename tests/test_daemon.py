"""Scrapyd as this project runs it."""

from collections.abc import Iterator

import pytest

from api.scrapyd import Scrapyd
from tests.api.services import daemon, free_port
from tests.crawls import URL, Home
from tests.waiting import until


@pytest.fixture
def rarely_polling(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapyd]:
    """A Scrapyd whose timer looks at the queue as it starts, and then not before the test ends."""
    port = free_port()
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("SCRAPYD_PORT", str(port))
    environment = home.environment | {"SCRAPYD_POLL_INTERVAL": "3600"}
    with daemon(home.folder, port, environment):
        yield Scrapyd()


def test_a_job_starts_when_it_comes_and_waits_for_no_poll(
    rarely_polling: Scrapyd, home: Home
) -> None:
    rarely_polling.run("r1-1", {"category_url": URL, "run": "1/1/1", "max_products": "1"})
    until((home.folder / "results" / "1" / "1" / "1" / "summary.json").exists, bool)
