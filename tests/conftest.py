"""Fixtures for every test: a shop, and a home folder whose crawls go to that shop."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawls import Home
from tests.storefront import Catalogue, Storefront, Switches

pytest_plugins = ["tests.cluster.engine_fixtures"]


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: half of the time a test waits for processes."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


@pytest.fixture
def shop() -> Iterator[Storefront]:
    """A shop of 60 products on small pages; the test may change its switches."""
    with Storefront(Catalogue(60), Switches(page_bytes=0)).serve() as serving:
        yield serving


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder of the processes that a test starts; its path is short."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


@pytest.fixture
def home(shop: Storefront, tmp_path: Path) -> Home:
    """A home folder with a delivery session for amazon.com.au 4500."""
    made = Home(tmp_path, shop)
    made.settings()
    made.make_session()
    return made
