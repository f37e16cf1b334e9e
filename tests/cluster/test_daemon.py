"""Real nodes over one engine and one shop: who runs what, whoever dies."""

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from category_crawler.cluster.nodes import Nodes
from category_crawler.cluster.queue import Queue
from tests.cluster.cut import cutting
from tests.cluster.machines import LEASE, Cluster, Machine, cluster
from tests.cluster.valkey import Valkey
from tests.crawls import POSTCODE, URL, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.waiting import until

SLOTS = os.cpu_count() or 1


@pytest.fixture
def shop() -> Iterator[Storefront]:
    """A shop of 200 products, on nine pages."""
    with Storefront(Catalogue(200), Switches(page_bytes=0)).serve() as serving:
        yield serving


@pytest.fixture
def machines(home: Home, valkey: Valkey) -> Iterator[Cluster]:
    with cluster(home, valkey.url) as made:
        yield made


def push(queue: Queue, number: int, priority: float = 0.0, **fields: str) -> str:
    """Push a whole crawl as the API does; its name."""
    job = f"r{number}-1"
    asked = {"category_url": URL, "postcode": POSTCODE, "run": f"1/1/{number}/attempts/1"} | fields
    queue.push(job, {"name": "category"} | asked, priority)
    return job


def push_hanging(home: Home, queue: Queue, number: int) -> str:
    """Push a crawl whose first page never comes, and wait until it is asked for."""
    home.shop.switches.block, home.shop.switches.block_from = "hang", 1
    before = len(home.shop.listing_requests)
    job = push(queue, number)
    until(lambda: len(home.shop.listing_requests), lambda asked: asked > before)
    return job


def summary(home: Home, number: int) -> dict[str, Any]:
    path = home.folder / "results" / "1" / "1" / str(number) / "attempts" / "1" / "summary.json"
    with suppress(FileNotFoundError):
        values: dict[str, Any] = json.loads(path.read_bytes())
        return values
    return {}


def until_done(home: Home, *numbers: int, seconds: float = 60) -> None:
    for number in numbers:
        found = until(lambda n=number: summary(home, n), bool, seconds)
        assert found["stage"] == "done", found


def jobs_of(machine: Machine) -> set[str]:
    """The jobs that a machine has started, as its Scrapyd says."""
    return set(re.findall(r"Process started: .* job='([^']+)'", machine.log))


def test_a_short_job_waits_for_no_crawl(machines: Cluster, home: Home, queue: Queue) -> None:
    (machine,) = machines.start("a")
    crawls = [push(queue, number) for number in range(SLOTS)]
    for process in until(lambda: machine.spiders, lambda found: len(found) == SLOTS):
        os.kill(process, signal.SIGSTOP)
    waiting = push(queue, 9)
    preview = {"name": "preview", "category_url": URL, "postcode": POSTCODE}
    queue.push("p1-1", preview, 3)
    until(lambda: queue.states(["p1-1"]), lambda states: states == {"p1-1": "finished"})
    told = dict.fromkeys(crawls, "running") | {waiting: "pending"}
    assert queue.states([*crawls, waiting]) == told


def test_each_job_runs_once_and_on_some_node(machines: Cluster, home: Home, queue: Queue) -> None:
    first, second, third = machines.start("a", "b", "c")
    jobs = [push(queue, number) for number in range(9)]
    until_done(home, *range(9), seconds=120)
    until(lambda: queue.states(jobs), lambda states: set(states.values()) == {"finished"})
    ran = Counter(job for machine in (first, second, third) for job in jobs_of(machine))
    assert ran == Counter(jobs)
    assert all(jobs_of(machine) for machine in (first, second, third))
    assert queue.claims() == {}


def test_higher_priorities_run_first(machines: Cluster, home: Home, queue: Queue) -> None:
    for number, priority in enumerate((0.0, -1.0, 2.0, 0.0, 1.0)):
        push(queue, number, priority)
    (machine,) = machines.start("a", SCRAPYD_MAX_PROC_PER_CPU="1")
    until_done(home, *range(5))
    order = [line.partition("job='")[2].partition("'")[0] for line in started(machine)]
    assert order == ["r2-1", "r4-1", "r0-1", "r3-1", "r1-1"]


def started(machine: Machine) -> list[str]:
    return [line for line in machine.log.splitlines() if "Process started" in line]


def test_a_drained_node_ends_its_own_and_takes_no_job(
    machines: Cluster, home: Home, queue: Queue, nodes: Nodes
) -> None:
    (machine,) = machines.start("a")
    running = push_hanging(home, queue, 1)
    nodes.drain("a")
    waiting = push(queue, 2)
    time.sleep(1)
    assert queue.states([running, waiting]) == {running: "running", waiting: "pending"}
    home.shop.switches.block = ""
    until_done(home, 1)
    until(lambda: machine.spiders, lambda spiders: not spiders)
    time.sleep(1)
    assert queue.states([running, waiting]) == {running: "finished", waiting: "pending"}
    assert [node.is_drained for node in nodes.list()] == [True]
    nodes.resume("a")
    until_done(home, 2)


@pytest.mark.parametrize("on", ["its own node", "another node", "the engine"])
def test_a_job_is_cancelled_from_anywhere(
    on: str, machines: Cluster, home: Home, queue: Queue
) -> None:
    (first,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    (second,) = machines.start("b")
    if on == "the engine":
        assert queue.stop(job) == "running"
    else:
        answer = (first if on == "its own node" else second).call("cancel.json", job=job)
        assert (answer["status"], answer["prevstate"]) == ("ok", "running")
    found = until(lambda: summary(home, 1), bool)
    assert found["failed_reason"] == "cancelled"
    until(lambda: queue.states([job]), lambda states: states == {job: "finished"})
    assert not first.spiders


def test_a_waiting_job_is_cancelled_on_any_node(
    machines: Cluster, home: Home, queue: Queue, nodes: Nodes
) -> None:
    first, _ = machines.start("a", "b")
    for name in ("a", "b"):
        nodes.drain(name)
    job = push(queue, 1)
    until(lambda: first.call("listjobs.json?project=default")["pending"], bool)
    assert first.call("cancel.json", job=job)["prevstate"] == "pending"
    assert first.call("cancel.json", job=job)["prevstate"] is None
    assert first.call("cancel.json", job="r9-9")["prevstate"] is None
    assert first.call("cancel.json", job=job, signal="HUP")["status"] == "error"
    assert queue.states([job]) == {job: "finished"}
    assert (home.folder / "results" / "1" / "1" / "1" / "attempts" / "1" / "cancelled").exists()
    until(lambda: first.call("daemonstatus.json")["pending"], lambda count: count == 0)


def test_a_killed_nodes_jobs_do_not_run_any_more(
    machines: Cluster, home: Home, queue: Queue, nodes: Nodes
) -> None:
    (machine,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    assert queue.states([job]) == {job: "running"}
    machine.kill_daemon()
    begun = time.monotonic()
    until(lambda: queue.states([job]), lambda states: states == {}, LEASE + 1)
    assert time.monotonic() - begun > LEASE / 2
    until(lambda: machine.spiders, lambda spiders: not spiders, 5)
    assert list(queue.claims()) == [job]
    assert [node.is_alive for node in nodes.list()] == [False]


def test_a_revoked_jobs_process_is_gone_within_a_second(
    machines: Cluster, home: Home, queue: Queue
) -> None:
    (machine,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    queue.revoke(job)
    until(lambda: machine.spiders, lambda spiders: not spiders, 1)
    push(queue, 1)
    time.sleep(1)
    assert queue.states([job]) == {}
    home.shop.switches.block = ""
    push(queue, 2)
    until_done(home, 2)


@pytest.mark.parametrize("with_data", [False, True])
def test_a_run_goes_on_after_the_engine_was_killed(
    with_data: bool, machines: Cluster, home: Home, queue: Queue, valkey: Valkey
) -> None:
    home.settings("DOWNLOAD_DELAY = 0.7\nAUTOTHROTTLE_ENABLED = false\nRETRY_PAUSE = 0.01\n")
    (machine,) = machines.start("a")
    job = push(queue, 1)
    until(lambda: len(home.shop.listing_requests), lambda asked: asked >= 2)
    (claim,) = queue.claims().values()
    spiders = machine.spiders
    valkey.kill(with_data=with_data)
    time.sleep(1)
    trouble = machine.call("slots.json")["trouble"]
    assert trouble.startswith("EngineAway: the engine at redis://127.0.0.1")
    valkey.start()
    until(lambda: queue.states([job]), lambda states: states == {job: "running"}, 5)
    assert queue.claims() == {job: claim}
    assert machine.spiders == spiders
    until_done(home, 1)
    until(lambda: machine.call("slots.json")["trouble"], lambda trouble: trouble == "")
    later = push(queue, 2)
    until_done(home, 2)
    until(lambda: queue.states([job, later]), lambda s: set(s.values()) == {"finished"})


def test_a_job_whose_pop_was_not_answered_runs(
    machines: Cluster, home: Home, queue: Queue, valkey: Valkey
) -> None:
    with cutting(valkey.port) as cut:
        url = f"redis://127.0.0.1:{cut.port}"
        (machine,) = machines.start("a", CATEGORY_CRAWLER_QUEUE=url)
        # A pop's answer holds the message; the console's picture of the queue does too.
        cut.marker, cut.times = b"category_url", 3
        push(queue, 1)
        until_done(home, 1)
        assert len(cut.dropped) == 3
        assert len(started(machine)) == 1


def test_a_node_gives_way_to_a_later_start_of_its_name(
    machines: Cluster, home: Home, queue: Queue, nodes: Nodes
) -> None:
    (first,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    before = nodes.list()[0].incarnation
    second = machines._machine("a", {})
    second.start()
    assert first.process is not None
    first.process.wait(10)
    assert "Another node has been started under the name a: this one ends" in first.log
    assert not first.spiders
    until(nodes.list, lambda seen: seen[0].incarnation != before and seen[0].is_alive)
    home.shop.switches.block = ""
    push(queue, 2)
    until_done(home, 2)
    assert job not in jobs_of(second)


def test_a_node_that_was_frozen_hears_what_it_has_missed(
    machines: Cluster, home: Home, queue: Queue
) -> None:
    frozen, _ = machines.start("a", "b")
    job = push_hanging(home, queue, 1)
    if not frozen.spiders:
        frozen = machines.machines[1]
    frozen.signal_all(signal.SIGSTOP)
    until(lambda: queue.states([job]), lambda states: states == {}, LEASE + 2)
    queue.revoke(job)
    asked = len(home.shop.listing_requests)
    home.shop.switches.block = ""
    frozen.signal_all(signal.SIGCONT)
    until(lambda: frozen.spiders, lambda spiders: not spiders, 2)
    assert len(home.shop.listing_requests) == asked
    push(queue, 2)
    until_done(home, 2)


def test_jobs_that_end_while_scrapyd_stops_are_told(
    machines: Cluster, home: Home, queue: Queue
) -> None:
    (machine,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    assert machine.process is not None
    os.killpg(machine.process.pid, signal.SIGTERM)
    machine.process.wait(20)
    assert queue.states([job]) == {job: "finished"}
    assert summary(home, 1)["failed_reason"] == "interrupted"


def test_a_job_that_cannot_be_started_fails_and_ends(
    machines: Cluster, home: Home, queue: Queue
) -> None:
    (machine,) = machines.start("a")
    job = push(queue, 1, suburb="45\x0000")
    found = until(lambda: summary(home, 1), bool)
    assert found["failed_reason"] == "not_started"
    until(lambda: queue.states([job]), lambda states: states == {job: "finished"})
    push(queue, 2)
    until_done(home, 2)
    assert machine.call("slots.json")["working"] == SLOTS


def test_a_node_takes_no_job_over_http(machines: Cluster) -> None:
    (machine,) = machines.start("a")
    session = machine.call("listspiders.json?project=default")
    assert "category" in session["spiders"]
    with pytest.raises(ValueError, match="Expecting value"):
        machine.call("schedule.json", spider="category", jobid="r1-1")


def test_a_spider_has_its_claim_and_no_job_argument_shows_it(
    machines: Cluster, home: Home, queue: Queue
) -> None:
    (machine,) = machines.start("a")
    job = push_hanging(home, queue, 1)
    (claim,) = queue.claims().values()
    (spider,) = machine.spiders
    environment = Path("/proc", str(spider), "environ").read_bytes().split(b"\0")
    assert f"CATEGORY_CRAWLER_CLAIM={claim.text}".encode() in environment
    command = Path("/proc", str(spider), "cmdline").read_bytes()
    assert job.encode() in command
    assert claim.incarnation.encode() not in command
