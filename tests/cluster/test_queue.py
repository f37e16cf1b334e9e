"""The cluster's jobs in a real engine."""

import threading
import time

import pytest

from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.cluster.queue import Claimed, Queue
from tests.cluster.valkey import Valkey
from tests.waiting import until

LEASE = 60.0


@pytest.fixture
def live(nodes: Nodes) -> tuple[str, str]:
    """A node that is heard of: its name and incarnation."""
    incarnation = nodes.enroll()
    nodes.beat(report("a", incarnation), LEASE)
    return "a", incarnation


def report(name: str, incarnation: str, *claims: Claim, drained: bool = False) -> NodeReport:
    return NodeReport(
        name,
        incarnation,
        "0.1.0",
        4,
        "direct",
        "http://10.0.0.1:6800",
        time.time(),
        drained,
        claims,
    )


def push(queue: Queue, *jobs: str, priority: float = 0.0) -> None:
    for job in jobs:
        queue.push(job, {"name": "category", "run": "1/1/1"}, priority)


def popped(queue: Queue, live: tuple[str, str]) -> Claimed:
    claimed = queue.pop(*live)
    assert claimed is not None
    return claimed


def order(queue: Queue, live: tuple[str, str]) -> list[str]:
    found = []
    while claimed := queue.pop(*live):
        found.append(claimed.claim.job)
    return found


def test_a_job_is_given_out_once_with_what_it_needs(queue: Queue, live: tuple[str, str]) -> None:
    queue.push("r1-1", {"name": "category", "run": "1/1/1", "postcode": "４５００ <é>"})
    claimed = popped(queue, live)
    assert claimed.message == {
        "name": "category",
        "_job": "r1-1",
        "run": "1/1/1",
        "postcode": "４５００ <é>",
    }
    assert (claimed.claim.job, claimed.claim.node, claimed.claim.incarnation) == ("r1-1", *live)
    assert queue.pop(*live) is None


def test_higher_priorities_come_first_and_equal_ones_in_their_order(
    queue: Queue, live: tuple[str, str]
) -> None:
    for number in range(12):
        push(queue, f"r{number}-1")
    push(queue, "low", priority=-2)
    push(queue, "less", priority=-1 / 200)
    push(queue, "more", priority=1 / 200)
    push(queue, "high", priority=2)
    assert order(queue, live) == ["high", "more", *(f"r{n}-1" for n in range(12)), "less", "low"]


def test_the_smallest_step_counts_after_many_jobs(
    queue: Queue, live: tuple[str, str], valkey: Valkey
) -> None:
    push(queue, "early", priority=1.995)
    with valkey.client as client:
        client.set("category_crawler:counter", 10**9)
    push(queue, "late", "later", priority=1.995)
    push(queue, "more", priority=2.0)
    assert order(queue, live) == ["more", "early", "late", "later"]
    with pytest.raises(ValueError, match="below 4096"):
        push(queue, "x", priority=5000)


def test_a_job_that_is_known_is_not_pushed_again(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "waits", "runs", "ended", "gone")
    push(queue, "waits", priority=9)
    assert [message["_job"] for message in queue.first(9)] == ["waits", "runs", "ended", "gone"]
    queue.stop("waits")
    popped(queue, live)
    queue.finish(popped(queue, live).claim)
    queue.revoke("gone")
    push(queue, "waits", "runs", "ended", "gone")
    assert queue.waiting() == 0
    assert queue.states(["waits", "runs", "ended", "gone", "x"]) == {
        "waits": "finished",
        "runs": "running",
        "ended": "finished",
    }
    assert queue.states([]) == {}


def test_a_slot_for_some_spiders_gets_their_jobs_only(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "r1-1")
    assert queue.pop(*live, ["preview", "delivery"]) is None
    queue.push("z1-1", {"name": "delivery"}, 3)
    claimed = queue.pop(*live, ["preview", "delivery"])
    assert claimed is not None
    assert claimed.message == {"name": "delivery", "_job": "z1-1"}
    assert queue.pop(*live, ["preview", "delivery"]) is None
    assert order(queue, live) == ["r1-1"]


def test_any_number_of_states_is_told(queue: Queue, live: tuple[str, str]) -> None:
    jobs = [f"r{number}-1" for number in range(5000)]
    push(queue, jobs[0], jobs[1], jobs[2], jobs[1999], jobs[2000], jobs[-1], "of others")
    queue.finish(popped(queue, live).claim)
    popped(queue, live)
    queue.revoke(jobs[2])
    assert queue.states(jobs) == {
        jobs[0]: "finished",
        jobs[1]: "running",
        jobs[1999]: "pending",
        jobs[2000]: "pending",
        jobs[-1]: "pending",
    }


def test_places(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "a", "b")
    push(queue, "c", priority=1)
    assert [queue.place(job) for job in ("c", "a", "b", "x")] == [1, 2, 3, None]
    assert queue.waiting() == 3
    assert [message["_job"] for message in queue.first(2)] == ["c", "a"]
    popped(queue, live)
    assert [queue.place(job) for job in ("c", "a")] == [None, 1]


def test_many_nodes_get_no_job_twice(queue: Queue, nodes: Nodes, valkey: Valkey) -> None:
    push(queue, *(f"r{number}-1" for number in range(400)))
    found: list[list[str]] = [[] for _ in range(4)]

    def take(number: int) -> None:
        engine = Engine(valkey.url)
        incarnation = nodes.enroll()
        Nodes(engine).beat(report(f"n{number}", incarnation), LEASE)
        found[number] = order(Queue(engine), (f"n{number}", incarnation))
        engine.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found)
    taken = [job for jobs in found for job in jobs]
    assert sorted(taken) == sorted(f"r{number}-1" for number in range(400))


def test_only_a_node_that_is_heard_of_gets_a_job(queue: Queue, nodes: Nodes) -> None:
    push(queue, "r1-1")
    first = nodes.enroll()
    assert queue.pop("a", first) is None
    nodes.beat(report("a", first), LEASE)
    second = nodes.enroll()
    assert queue.pop("a", second) is None
    nodes.beat(report("a", second), 0.1)
    assert queue.pop("a", first) is None
    time.sleep(0.15)
    assert queue.pop("a", second) is None
    nodes.beat(report("a", second), LEASE)
    assert queue.pop("a", second) is not None


def test_a_drained_node_gets_none(queue: Queue, nodes: Nodes, live: tuple[str, str]) -> None:
    push(queue, "r1-1")
    assert nodes.drain("a")
    assert queue.pop(*live) is None
    assert nodes.resume("a")
    assert queue.pop(*live) is not None


def test_a_job_runs_as_long_as_its_node_is_heard_of(queue: Queue, nodes: Nodes) -> None:
    incarnation = nodes.enroll()
    nodes.beat(report("a", incarnation), 0.3)
    push(queue, "r1-1")
    claimed = popped(queue, ("a", incarnation))
    assert queue.states(["r1-1"]) == {"r1-1": "running"}
    until(lambda: queue.states(["r1-1"]), lambda states: states == {}, 2)
    assert queue.claims() == {"r1-1": claimed.claim}
    nodes.beat(report("a", incarnation, claimed.claim), LEASE)
    assert queue.states(["r1-1"]) == {"r1-1": "running"}
    nodes.beat(report("a", nodes.enroll()), LEASE)
    assert queue.states(["r1-1"]) == {}, "a new start of the node does not run the job"


def test_a_released_job_waits_at_its_old_place(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "a", "b")
    push(queue, "c", priority=1)
    first, second = popped(queue, live), popped(queue, live)
    push(queue, "d")
    queue.release(second.claim)
    queue.release(first.claim)
    again = popped(queue, live)
    assert again.message == first.message
    queue.release(first.claim)
    assert queue.states(["c"]) == {"c": "running"}, "that was an earlier claim"
    assert order(queue, live) == ["a", "b", "d"]


def test_a_waiting_job_is_stopped_at_once(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "r1-1")
    assert queue.stop("r1-1") == "pending"
    assert queue.stop("r1-1") == "finished"
    assert queue.stop("r2-1") is None
    assert queue.states(["r1-1"]) == {"r1-1": "finished"}
    assert queue.pop(*live) is None


def test_a_stopped_job_whose_claim_is_released_does_not_wait_again(
    queue: Queue, live: tuple[str, str]
) -> None:
    push(queue, "r1-1")
    claimed = popped(queue, live)
    assert queue.stop("r1-1") == "running"
    queue.release(claimed.claim)
    assert queue.states(["r1-1"]) == {"r1-1": "finished"}
    assert queue.waiting() == 0


def test_a_revoked_job_is_gone_for_ever(queue: Queue, live: tuple[str, str]) -> None:
    push(queue, "waits", priority=-1)
    push(queue, "runs")
    claimed = popped(queue, live)
    for job in ("waits", "runs", "never heard of"):
        queue.revoke(job)
    queue.finish(claimed.claim)
    queue.release(claimed.claim)
    push(queue, "waits", "runs", "never heard of")
    assert queue.pop(*live) is None
    assert queue.states(["waits", "runs"]) == {}
    assert queue.claims() == {}
    assert queue.stop("runs") is None


def test_an_end_that_the_engine_has_forgotten_counts_and_an_old_one_does_not(
    queue: Queue, live: tuple[str, str], valkey: Valkey
) -> None:
    push(queue, "r1-1", "r2-1")
    first, second = popped(queue, live), popped(queue, live)
    queue.release(second.claim)
    popped(queue, live)
    queue.finish(second.claim)
    assert queue.states(["r2-1"]) == {"r2-1": "running"}, "that was an earlier claim"
    with valkey.client as client:
        client.flushall()
    queue.finish(first.claim)
    assert queue.states(["r1-1"]) == {"r1-1": "finished"}


def test_what_has_ended_is_forgotten(queue: Queue, live: tuple[str, str], valkey: Valkey) -> None:
    push(queue, "r1-1", "r2-1")
    queue.finish(popped(queue, live).claim)
    queue.revoke("r2-1")
    with valkey.client as client:
        assert 3590 < client.ttl("category_crawler:job:r1-1") <= 3600
        assert 86390 < client.ttl("category_crawler:job:r2-1") <= 86400
        left = set(client.keys("*"))
    assert left == {
        f"category_crawler:{name}"
        for name in ("job:r1-1", "job:r2-1", "beat:a", "nodes", "counter")
    }
