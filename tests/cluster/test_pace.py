"""One pace for the spiders of a cluster, whatever becomes of the engine and of them."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import Nodes
from category_crawler.cluster.queue import Queue
from category_crawler.pace.engine_lanes import EngineLanes, lanes_in_engine
from category_crawler.pace.lane import Lane, NoTurnEver, NoTurnNow
from tests.cluster.cut import cutting
from tests.cluster.test_queue import LEASE, popped, push, report
from tests.cluster.valkey import Valkey
from tests.crawls import URL, Home
from tests.forks import Program
from tests.storefront import Catalogue, Storefront, Switches
from tests.waiting import until

LANE = Lane("www.amazon.com.au", "direct")
DELAY = 0.4


@pytest.fixture
def shop() -> Iterator[Storefront]:
    with Storefront(Catalogue(1900), Switches(page_bytes=0)).serve() as serving:
        yield serving


def reserve(
    engine: Engine, gap: float = 10, lane: Lane = LANE, claim: Claim | None = None
) -> float:
    return asyncio.run(EngineLanes(engine, claim).reserve(lane, gap))


@pytest.fixture
def claim(queue: Queue, nodes: Nodes) -> Claim:
    """Of a job that a node runs."""
    incarnation = nodes.enroll()
    nodes.beat(report("a", incarnation), LEASE)
    push(queue, "r1-1")
    return popped(queue, ("a", incarnation)).claim


def test_turns_of_a_lane_come_a_gap_apart(engine: Engine) -> None:
    waits = [reserve(engine) for _ in range(3)]
    assert waits[0] == 10, "an engine that has lost its data may have given out turns before"
    assert 19 < waits[1] < 20
    assert 29 < waits[2] < 30
    other_shop, other_exit = Lane("www.amazon.de", "direct"), Lane(LANE.host, "north")
    assert reserve(engine, lane=other_shop) == 10
    assert reserve(engine, lane=other_exit) == 10
    found = lanes_in_engine(engine)
    assert list(found) == [LANE, other_exit, other_shop]
    assert 39 < found[LANE] < 40


def test_a_lane_that_was_not_asked_for_a_while_is_free_at_once(
    engine: Engine, valkey: Valkey
) -> None:
    reserve(engine, 0.01)
    time.sleep(0.03)
    assert reserve(engine, 10) == 0
    with valkey.client as client:
        client.zincrby("category_crawler:lanes", -86_500_000_000, LANE.file_name)
    assert lanes_in_engine(engine) == {}


def test_a_moment_by_another_clock_does_not_count(engine: Engine, valkey: Valkey) -> None:
    reserve(engine)
    with valkey.client as client:
        client.zincrby("category_crawler:lanes", 10**12, LANE.file_name)
    assert reserve(engine) == 10


def test_no_turn_is_given_out_twice(valkey: Valkey, engine: Engine) -> None:
    found: list[float] = []

    def take() -> None:
        own = Engine(valkey.url)
        for _ in range(20):
            found.append(time.monotonic() + reserve(own))
        own.close()

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({round(turn / 10) for turn in found}) == 100


def test_a_machine_names_its_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_EXIT", "north")
    assert Lane.of("https://www.amazon.com.au/", None) == Lane(LANE.host, "north")
    through = Lane.of("https://www.amazon.com.au/", "http://10.0.0.1:3128")
    assert through == Lane(LANE.host, "10.0.0.1:3128")


def test_a_spider_gets_turns_while_its_claim_is_valid(
    engine: Engine, queue: Queue, nodes: Nodes, claim: Claim, valkey: Valkey
) -> None:
    pace = EngineLanes(engine, claim)
    assert reserve(engine, claim=claim) == 10
    asyncio.run(pace.confirm())
    with valkey.client as client:
        client.delete("category_crawler:job:r1-1")
    for ask in (pace.confirm(), pace.reserve(LANE, 10)):
        with pytest.raises(NoTurnNow):
            asyncio.run(ask)
    nodes.beat(report("a", claim.incarnation, claim), LEASE)
    asyncio.run(pace.confirm())
    queue.revoke("r1-1")
    for ask in (pace.confirm(), pace.reserve(LANE, 10)):
        with pytest.raises(NoTurnEver):
            asyncio.run(ask)
    assert 19 < reserve(engine) < 20, "only the first call has taken a turn"


def test_a_spider_gets_no_turn_once_its_job_is_anothers(
    engine: Engine, queue: Queue, claim: Claim
) -> None:
    pace = EngineLanes(engine, claim)
    queue.release(claim)
    with pytest.raises(NoTurnNow):
        asyncio.run(pace.confirm())
    popped(queue, ("a", claim.incarnation))
    with pytest.raises(NoTurnEver):
        asyncio.run(pace.confirm())


def test_an_engine_that_is_away_gives_no_turn_and_keeps_none(
    engine: Engine, valkey: Valkey
) -> None:
    pace = EngineLanes(engine)

    async def ask_while_frozen() -> float:
        await pace.reserve(LANE, 10)
        valkey.freeze()
        try:
            for _ in range(4):
                with pytest.raises(NoTurnNow):
                    await pace.reserve(LANE, 10)
        finally:
            valkey.thaw()
        return await pace.reserve(LANE, 10)

    # The first call may be done once the engine wakes; the others asked for nothing.
    assert asyncio.run(ask_while_frozen()) < 30


# --- Real spiders ---------------------------------------------------------------------------------


@pytest.fixture
def homes(home: Home, valkey: Valkey, tmp_path: Path) -> list[Home]:
    """Three machines: homes of their own that ask the same shop."""
    made = []
    for name in ("a", "b", "c"):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Home(folder, home.shop))
        made[-1].settings(
            f"DOWNLOAD_DELAY = {DELAY}\nAUTOTHROTTLE_ENABLED = false\nCANCEL_GRACE = 2\n"
        )
        made[-1].make_session()
    return made


@pytest.fixture
def clustered(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the test starts belongs to the cluster."""
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)


def asked(home: Home) -> int:
    return len(home.shop.requests)


def end(runs: list[Program]) -> None:
    for run in runs:
        run.kill()
        run.communicate()


def times_of(home: Home, number: int) -> list[float]:
    until(lambda: asked(home), lambda count: count >= number, 120)
    return [request.at for request in home.shop.requests[:number]]


def test_three_machines_with_one_exit_ask_at_one_pace(clustered: None, homes: list[Home]) -> None:
    runs = [home.start(category_url=f"{URL}&i=run{home.folder.name}") for home in homes]
    try:
        times = times_of(homes[0], 40)
    finally:
        end(runs)
    assert times[-1] - times[0] > 0.85 * 39 * DELAY
    assert {home.folder.name for home in homes} == {
        request.path.partition("i=run")[2][:1]
        for request in homes[0].shop.requests
        if "i=run" in request.path
    }


def test_machines_with_exits_of_their_own_do_not_wait_for_each_other(
    clustered: None, homes: list[Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = int(homes[0].environment["https_proxy"].rpartition(":")[2])
    runs = []
    with cutting(proxy) as north, cutting(proxy) as south:
        try:
            for home, port in zip(homes, (proxy, north.port, south.port), strict=True):
                environment = home.environment | {"https_proxy": f"http://127.0.0.1:{port}"}
                runs.append(_start(home, environment))
            until(lambda: asked(homes[0]), lambda count: count >= 12, 120)
            begun = asked(homes[0])
            time.sleep(10 * DELAY)
            assert asked(homes[0]) - begun > 1.8 * 10
        finally:
            end(runs)


def _start(home: Home, environment: dict[str, str]) -> Program:
    from tests.forks import start

    return start(*home.command(), environment=environment)


@pytest.mark.parametrize("with_data", [False, True])
def test_no_page_is_asked_for_while_the_engine_is_away(
    with_data: bool, clustered: None, homes: list[Home], valkey: Valkey
) -> None:
    home = homes[0]
    run = home.start()
    try:
        times_of(home, 6)
        valkey.kill(with_data=with_data)
        time.sleep(1)
        before = asked(home)
        time.sleep(4 * DELAY)
        assert asked(home) == before
        progress = home.folder / "results" / "local" / "a" / "progress.json"
        assert "the service that keeps the pace does not answer" in progress.read_text()
        valkey.start()
        until(lambda: asked(home), lambda count: count > before, 3)
        until(lambda: asked(home), lambda count: count > before + 3)
    finally:
        end([run])


@pytest.mark.parametrize("delay", [DELAY, 0])
def test_a_revoked_spider_asks_for_nothing_more(
    delay: float, clustered: None, homes: list[Home], queue: Queue, claim: Claim
) -> None:
    home = homes[0]
    home.settings(f"DOWNLOAD_DELAY = {delay}\nAUTOTHROTTLE_ENABLED = false\nCANCEL_GRACE = 2\n")
    home.shop.switches.latency = 0.2
    run = _start(home, home.environment | {"CATEGORY_CRAWLER_CLAIM": claim.text})
    times_of(home, 6)
    queue.revoke(claim.job)
    time.sleep(0.1)
    before = asked(home)
    run.wait(20)
    assert asked(home) <= before + 1, "one may have been on its way"
    summary = (home.folder / "results" / "local" / "a" / "summary.json").read_text()
    assert "the job was given up, or is another node's now" in summary
    assert '"interrupted"' in summary


@pytest.mark.parametrize("is_clustered", [True, False])
def test_a_frozen_process_does_not_use_its_old_turn(
    is_clustered: bool, valkey: Valkey, homes: list[Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = homes[0]
    home.settings("DOWNLOAD_DELAY = 3\nDOWNLOAD_DELAY_JITTER = 0\nAUTOTHROTTLE_ENABLED = false\n")
    if is_clustered:
        monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    run = home.start()
    other = None
    try:
        times_of(home, 3)
        time.sleep(1)
        before = asked(home)
        os.kill(run.pid, signal.SIGSTOP)
        time.sleep(4)
        # Another spider has taken a turn meanwhile, which is now.
        other = Home(home.folder, home.shop).start(run="local/b")
        until(lambda: asked(home), lambda count: count > before)
        os.kill(run.pid, signal.SIGCONT)
        until(lambda: asked(home), lambda count: count > before + 1)
        times: list[Any] = [request.at for request in home.shop.requests]
        assert times[before + 1] - times[before] > 2.5
    finally:
        os.kill(run.pid, signal.SIGCONT)
        end([run, *([other] if other else [])])
