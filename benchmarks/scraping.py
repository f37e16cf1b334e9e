"""What a scrape of `/metrics` costs once many runs have ended, beside one of a new service."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.store import Store
from benchmarks.comparison import Row, ratio
from tests.api.metrics.scrape import many_runs, with_everything
from tests.api.services import free_port

_RUNS, _ROUNDS, _SCRAPES = 10_000, 9, 10


def rows() -> Iterator[Row]:
    """One row."""
    with _service(0) as new, _service(_RUNS) as old:
        figure = ratio(lambda: _scrape(old), lambda: _scrape(new), _ROUNDS)
    what = f"A scrape of `/metrics` with {_RUNS:,} runs"
    yield Row(what, "a scrape of a new service", figure, 1.5, at_most=True)


def _scrape(app: Flask) -> None:
    client = app.test_client()
    for _ in range(_SCRAPES):
        assert client.get("/metrics").status_code == 200


@contextmanager
def _service(runs: int) -> Iterator[Flask]:
    """A service of its own, in this process, with so many runs that have ended."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv("CATEGORY_CRAWLER_HOME", folder)
        environment.setenv("SCRAPYD_PORT", str(free_port()))
        app = create_app(Settings())
        store: Store = app.extensions["services"].store
        user = store.users.add("a@example.org", "a", "hash")
        many_runs(store, user, runs)
        with_everything(app, user)
        yield app
        store.close()
