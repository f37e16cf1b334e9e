"""The connection to the engine: what it runs, and how it fails."""

import re
import time

import pytest

from category_crawler.cluster.engine import Engine, EngineAway, engine
from category_crawler.cluster.keys import Script
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.cluster.queue import Queue
from category_crawler.files.home import PROJECT
from tests.api.services import free_port
from tests.cluster.valkey import Valkey

_COUNT = Script("return redis.call('INCR', COUNTER)")


def test_it_is_there_only_where_it_is_set(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CATEGORY_CRAWLER_QUEUE", raising=False)
    assert engine() is None
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    opened = engine()
    assert opened is not None
    assert opened is engine()
    assert opened.run(_COUNT) == 1
    opened.close()


def test_it_goes_on_after_the_engine_was_killed(engine: Engine, valkey: Valkey) -> None:
    assert engine.run(_COUNT) == 1
    valkey.kill()
    with pytest.raises(EngineAway):
        engine.run(_COUNT)
    valkey.start()
    assert engine.run(_COUNT) == 2
    valkey.kill(with_data=True)
    valkey.start()
    assert engine.run(_COUNT) == 1


def test_a_silent_engine_is_waited_for_a_second(engine: Engine, valkey: Valkey) -> None:
    engine.run(_COUNT)
    valkey.freeze()
    try:
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(EngineAway):
                engine.run(_COUNT)
            assert time.monotonic() - begun < 1.5
    finally:
        valkey.thaw()
    # The first call was done when the engine woke; the second one had no connection yet.
    assert engine.run(_COUNT) == 3


def test_errors_show_no_password() -> None:
    away = Engine(f"redis://node:hush@127.0.0.1:{free_port()}")
    with pytest.raises(EngineAway, match=r"the engine at redis://127.0.0.1:\d+ failed") as raised:
        away.ping()
    assert "hush" not in str(raised.value)


def test_a_wrong_password_is_an_engine_away(valkey: Valkey) -> None:
    with valkey.client as client:
        client.acl_setuser(
            "node", enabled=True, passwords=["+right"], keys=["*"], commands=["+@all"]
        )
    wrong = Engine(valkey.url.replace("//", "//node:wrong@"))
    with pytest.raises(EngineAway, match="invalid username-password pair") as raised:
        wrong.ping()
    assert "//node" not in str(raised.value)


def test_a_node_needs_few_rights(valkey: Valkey) -> None:
    """As docs/cluster.md gives them."""
    page = (PROJECT / "docs" / "cluster.md").read_text()
    line = re.search(r"user \S+ on >\S+ ~category_crawler:\* (.+)", page)
    assert line is not None
    with valkey.client as client:
        client.acl_setuser(
            "node",
            enabled=True,
            reset=True,
            passwords=["+right"],
            keys=["category_crawler:*"],
            commands=line[1].split(),
        )
        client.set("other", "1")
    allowed = Engine(valkey.url.replace("//", "//node:right@"))
    queue, nodes = Queue(allowed), Nodes(allowed)
    incarnation = nodes.enroll()
    nodes.beat(NodeReport("a", incarnation, "1", 1, "direct", "", time.time()), 5)
    queue.push("r1-1", {"name": "category"})
    claimed = queue.pop("a", incarnation)
    assert claimed is not None
    queue.stop("r1-1")
    queue.release(claimed.claim)
    assert queue.states(["r1-1"]) == {"r1-1": "finished"}
    assert [node.name for node in nodes.list()] == ["a"]
    with pytest.raises(EngineAway, match=r"(?i)no permission"):
        allowed.run(Script("return redis.call('GET', 'other')"))
    with pytest.raises(EngineAway, match=r"(?i)no permission|can't run"):
        allowed.run(Script("return redis.call('FLUSHALL')"))
