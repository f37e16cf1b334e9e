"""An engine: one Valkey for each process that runs tests, emptied before each test."""

from collections.abc import Iterator

import pytest

from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import Nodes
from category_crawler.cluster.queue import Queue
from tests.cluster.valkey import Valkey


@pytest.fixture(scope="session")
def one_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey") / "data")
    server.start()
    yield server
    server.kill(with_data=True)


@pytest.fixture
def valkey(one_valkey: Valkey) -> Valkey:
    """The server, empty and awake."""
    one_valkey.make_empty()
    return one_valkey


@pytest.fixture
def engine(valkey: Valkey) -> Iterator[Engine]:
    """The test's own connection."""
    opened = Engine(valkey.url)
    yield opened
    opened.close()


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def nodes(engine: Engine) -> Nodes:
    return Nodes(engine)
