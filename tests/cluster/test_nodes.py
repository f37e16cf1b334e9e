"""The cluster's nodes in a real engine: their beats, and what they are told."""

import time

import pytest

from category_crawler.cluster.claim import Claim
from category_crawler.cluster.nodes import NodeReport, Nodes, Signal
from category_crawler.cluster.queue import Queue
from tests.cluster.test_queue import LEASE, popped, push, report
from tests.cluster.valkey import Valkey
from tests.waiting import until


@pytest.fixture
def incarnation(nodes: Nodes) -> str:
    """Of a node ``a`` that is heard of."""
    name = nodes.enroll()
    nodes.beat(report("a", name), LEASE)
    return name


def test_what_a_node_says_is_shown(nodes: Nodes, queue: Queue, incarnation: str) -> None:
    claim = Claim("r1-1", "a", incarnation, "1")
    told = NodeReport(
        "a",
        incarnation,
        "0.2.0",
        4,
        "north",
        "http://10.0.0.1:6800",
        time.time() + 30,
        False,
        (claim,),
    )
    nodes.beat(told, LEASE)
    (seen,) = nodes.list()
    assert (seen.name, seen.version, seen.slots, seen.exit) == ("a", "0.2.0", 4, "north")
    assert (seen.incarnation, seen.console) == (incarnation, "http://10.0.0.1:6800")
    assert (seen.jobs, seen.is_alive, seen.is_drained) == (("r1-1",), True, False)
    assert 0 <= seen.silent_seconds < 1
    assert 29 < seen.clock_ahead < 31


def test_a_silent_node_stays_in_the_list_for_a_day(nodes: Nodes, valkey: Valkey) -> None:
    nodes.beat(report("b", nodes.enroll()), 0.1)
    nodes.beat(report("a", nodes.enroll()), LEASE)
    until(nodes.list, lambda seen: [node.is_alive for node in seen] == [True, False], 2)
    assert nodes.list()[1].silent_seconds > 0.09
    with valkey.client as client:
        seen, rest = client.hget("category_crawler:nodes", "b").split(" ", 1)
        client.hset("category_crawler:nodes", "b", f"{int(seen) - 86_401_000_000} {rest}")
    assert [node.name for node in nodes.list()] == ["a"]


def test_a_later_start_takes_the_name_over(nodes: Nodes) -> None:
    first, second = nodes.enroll(), nodes.enroll()
    assert first < second
    assert not nodes.beat(report("a", first), LEASE).is_superseded
    assert not nodes.beat(report("a", second), LEASE).is_superseded
    assert nodes.beat(report("a", first), LEASE).is_superseded
    (seen,) = nodes.list()
    assert (seen.incarnation, seen.is_alive) == (second, True)


def test_a_later_start_takes_the_name_over_after_a_loss_too(nodes: Nodes, valkey: Valkey) -> None:
    first, second = nodes.enroll(), nodes.enroll()
    with valkey.client as client:
        client.flushall()
    assert not nodes.beat(report("a", first), LEASE).is_superseded
    assert not nodes.beat(report("a", second), LEASE).is_superseded
    assert nodes.beat(report("a", first), LEASE).is_superseded


def test_a_signal_is_told_until_the_job_has_ended(
    nodes: Nodes, queue: Queue, incarnation: str
) -> None:
    push(queue, "r1-1", "r2-1")
    claims = [popped(queue, ("a", incarnation)).claim for _ in range(2)]
    assert nodes.beat(report("a", incarnation, *claims), LEASE).signals == {}
    assert queue.stop("r1-1") == "running"
    first = nodes.beat(report("a", incarnation, *claims), LEASE).signals
    assert list(first) == ["r1-1"]
    assert first["r1-1"].name == "INT"
    assert nodes.beat(report("a", incarnation, *claims), LEASE).signals == first
    assert queue.stop("r1-1", "KILL") == "running"
    second = nodes.beat(report("a", incarnation, *claims), LEASE).signals
    assert second == {"r1-1": Signal("KILL", second["r1-1"].number)}
    assert second["r1-1"].number > first["r1-1"].number
    queue.finish(claims[0])
    assert nodes.beat(report("a", incarnation, claims[1]), LEASE).signals == {}


def test_a_stop_reaches_a_node_that_comes_back(nodes: Nodes, queue: Queue) -> None:
    incarnation = nodes.enroll()
    nodes.beat(report("a", incarnation), 0.1)
    push(queue, "r1-1")
    claim = popped(queue, ("a", incarnation)).claim
    until(lambda: queue.states(["r1-1"]), lambda states: states == {}, 2)
    assert queue.stop("r1-1") is None
    assert nodes.beat(report("a", incarnation, claim), LEASE).signals["r1-1"].name == "INT"


def test_a_revoked_job_is_to_be_killed(nodes: Nodes, queue: Queue, incarnation: str) -> None:
    push(queue, "r1-1")
    claim = popped(queue, ("a", incarnation)).claim
    queue.revoke("r1-1")
    orders = nodes.beat(report("a", incarnation, claim), LEASE)
    assert (orders.lost, orders.signals, orders.unknown) == (("r1-1",), {}, ())
    assert queue.states(["r1-1"]) == {}


def test_a_claim_of_which_the_node_says_nothing_is_told(
    nodes: Nodes, queue: Queue, incarnation: str
) -> None:
    push(queue, "r1-1", "r2-1")
    known, lost = (popped(queue, ("a", incarnation)).claim for _ in range(2))
    assert nodes.beat(report("a", incarnation, known), LEASE).unknown == (lost,)
    later = nodes.enroll()
    assert nodes.beat(report("a", later), LEASE).unknown == (), "those are of an earlier start"


def test_claims_that_the_engine_has_lost_are_taken_back(
    nodes: Nodes, queue: Queue, incarnation: str, valkey: Valkey
) -> None:
    push(queue, "r1-1")
    claim = popped(queue, ("a", incarnation)).claim
    with valkey.client as client:
        client.flushall()
    assert queue.states(["r1-1"]) == {}
    nodes.beat(report("a", incarnation, claim), LEASE)
    assert queue.states(["r1-1"]) == {"r1-1": "running"}
    assert queue.claims() == {"r1-1": claim}
    queue.release(claim)
    assert queue.states(["r1-1"]) == {}, "nobody knows any more how to run it"


def test_a_claim_is_taken_back_from_an_older_copy_of_the_data(
    nodes: Nodes, queue: Queue, incarnation: str
) -> None:
    push(queue, "r1-1")
    claim = Claim("r1-1", "a", incarnation, "lost")
    assert queue.states(["r1-1"]) == {"r1-1": "pending"}
    assert nodes.beat(report("a", incarnation, claim), LEASE).lost == ()
    assert queue.states(["r1-1"]) == {"r1-1": "running"}
    assert queue.waiting() == 0


def test_a_claim_that_another_node_has_is_not_taken_back(
    nodes: Nodes, queue: Queue, incarnation: str
) -> None:
    other = nodes.enroll()
    nodes.beat(report("b", other), LEASE)
    push(queue, "r1-1")
    held = popped(queue, ("b", other)).claim
    mine = Claim("r1-1", "a", incarnation, "lost")
    assert nodes.beat(report("a", incarnation, mine), LEASE).lost == ("r1-1",)
    assert queue.claims() == {"r1-1": held}


def test_drained_nodes(nodes: Nodes, incarnation: str, valkey: Valkey) -> None:
    assert not nodes.drain("x")
    assert nodes.drain("a")
    assert nodes.beat(report("a", incarnation), LEASE).is_drained
    assert [node.is_drained for node in nodes.list()] == [True]
    later = nodes.enroll()
    assert nodes.beat(report("a", later), LEASE).is_drained, "it stays so when started again"
    assert nodes.resume("a")
    assert not nodes.beat(report("a", later, drained=True), LEASE).is_drained
    with valkey.client as client:
        client.flushall()
    assert nodes.beat(report("a", later, drained=True), LEASE).is_drained, "the node knows it"
