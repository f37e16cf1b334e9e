"""An API that exports what its runs have found."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from s3fs import S3FileSystem

from api.exports.exporter import Exporter
from api.services import Services
from tests.api.conftest import PATIENCE
from tests.api.routes.test_changes import Runs
from tests.api.services import Caller
from tests.object_store import BUCKET, ObjectStore

URL = f"s3://{BUCKET}/crawls"


@pytest.fixture
def object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store that this process is let into."""
    made = ObjectStore(tmp_path / "object-store")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    yield made
    made.kill()
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def exporting(app: Flask) -> Callable[[str], Exporter]:
    """Has the API export to a place from now on; its exporter."""

    def begin(url: str) -> Exporter:
        settings = PATIENCE.model_validate(PATIENCE.model_dump() | {"export_url": url})
        made = Services.make(settings)
        made.init_app(app)
        return made.exporter

    return begin


@pytest.fixture
def exporter(exporting: Callable[[str], Exporter], object_store: ObjectStore) -> Exporter:
    """An exporter to the store."""
    return exporting(URL)


@pytest.fixture
def runs(app: Flask, alice: Caller, exporter: Exporter) -> Runs:
    """Runs whose files are to be exported."""
    return Runs(app, alice)
