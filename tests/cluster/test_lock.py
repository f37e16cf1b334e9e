"""Locks in a real engine, and those of delivery sessions across machines."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from category_crawler.cluster.engine import Engine
from category_crawler.cluster.lock import EngineLock
from category_crawler.delivery.session import DeliverySession, lock_session, remove_session
from category_crawler.files.home import PROJECT
from tests.cluster.valkey import Valkey
from tests.crawls import BY_SPIDER, Home
from tests.waiting import until

PLACE = ("amazon.com.au", "4500")
COOKIES = [{"name": "session-id", "value": "1", "domain": ".amazon.com.au"}]
LEASE = 1.0
_HOLD = """
import asyncio, sys, time
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.lock import EngineLock

asyncio.run(EngineLock(Engine(sys.argv[1]), "x", 1.0).acquire())
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def lock(engine: Engine) -> EngineLock:
    return EngineLock(engine, "x", LEASE)


def seconds_until_free(engine: Engine) -> float:
    begun, waiting = time.monotonic(), lock(engine)
    asyncio.run(asyncio.wait_for(waiting.acquire(), 10))
    asyncio.run(waiting.release())
    return time.monotonic() - begun


def hold(valkey: Valkey, seconds: float) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", _HOLD, valkey.url, str(seconds)]
    holder = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_one_holds_it_for_longer_than_a_lease(engine: Engine) -> None:
    mine = lock(engine)
    asyncio.run(mine.acquire())
    time.sleep(1.5 * LEASE)
    assert not lock(engine).hold()
    assert mine.hold()
    asyncio.run(mine.release())
    time.sleep(LEASE / 2)
    other = lock(engine)
    assert other.hold()
    mine.drop()
    assert not lock(engine).hold(), "only its holder can drop it"
    other.drop()


def test_the_end_of_a_process_releases_it(engine: Engine, valkey: Valkey) -> None:
    with hold(valkey, 0) as holder:
        holder.wait(10)
        assert seconds_until_free(engine) < LEASE / 2


def test_a_killed_process_holds_it_for_a_lease(engine: Engine, valkey: Valkey) -> None:
    with hold(valkey, 60) as holder:
        holder.kill()
        assert LEASE / 2 < seconds_until_free(engine) < 2 * LEASE


def test_it_is_held_again_in_an_engine_that_has_lost_it(engine: Engine, valkey: Valkey) -> None:
    mine = lock(engine)
    asyncio.run(mine.acquire())
    valkey.kill(with_data=True)
    waiting = asyncio.wait_for(lock(engine).acquire(), 0.5)
    with pytest.raises(TimeoutError):
        asyncio.run(waiting)
    valkey.start()
    time.sleep(LEASE)
    assert not lock(engine).hold()
    asyncio.run(mine.release())


def test_a_session_that_a_job_of_another_machine_makes_is_not_removed(
    valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    monkeypatch.setenv("CATEGORY_CRAWLER_LEASE", "1")
    path = DeliverySession(*PLACE, COOKIES, BY_SPIDER).save()
    making = asyncio.run(lock_session(*PLACE))
    assert not remove_session(*PLACE)
    asyncio.run(making.release())
    valkey.freeze()
    assert not remove_session(*PLACE), "nobody can tell"
    valkey.thaw()
    assert path.exists()
    # The engine may have given the lock to the call that did not wait for it.
    until(lambda: remove_session(*PLACE), bool, 10)
    assert not path.exists()
    assert not path.with_suffix(".lock").exists()


def test_a_delivery_job_waits_for_one_on_another_machine(
    home: Home, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    other = asyncio.run(lock_session(*PLACE))
    job = home.start_delivery()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            job.wait(6)
        assert not home.shop.requests
        asyncio.run(other.release())
        _, said = job.communicate(timeout=120)
    finally:
        job.kill()
    assert job.returncode == 0, said
