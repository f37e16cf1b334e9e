"""The API over the engine of a cluster, a real one; the nodes here beat and run nothing."""

import threading
import time

import pytest
from flask import Flask

from api.runners.attempts import attempt_of
from api.runners.health import health
from api.runners.lifecycle import Jobs
from api.runners.nodes import cluster_report
from api.runners.watch import Watcher
from api.scrapyd.cluster import Cluster
from api.scrapyd.job_service import ScrapydAway, ScrapydError
from api.services import Services
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.cluster.queue import Claimed, Queue
from category_crawler.run.writer import Run
from tests.api.conftest import PATIENCE
from tests.api.services import BODY, CATEGORY, Caller, flask, new_user, refresh_all
from tests.cluster.valkey import Valkey
from tests.records import product, record, summary
from tests.waiting import until


class Node:
    """A node that takes jobs and runs none of them."""

    def __init__(self, name: str, nodes: Nodes, queue: Queue) -> None:
        self.name, self._nodes, self._queue = name, nodes, queue
        self.incarnation = nodes.enroll()
        self.claims: list[Claimed] = []
        self.beat()

    def beat(self, lease: float = 60, version: str = "0.1.0", ahead: float = 0) -> None:
        report = NodeReport(
            *(self.name, self.incarnation, version, 4, "direct", "http://10.0.0.1:6800"),
            clock=time.time() + ahead,
            claims=tuple(claimed.claim for claimed in self.claims),
        )
        self._nodes.beat(report, lease)

    def pop(self) -> str | None:
        claimed = self._queue.pop(self.name, self.incarnation)
        if claimed is None:
            return None
        self.claims.append(claimed)
        return claimed.claim.job

    def finish(self) -> None:
        self._queue.finish(self.claims.pop().claim)


@pytest.fixture
def app(app: Flask, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    Services.make(PATIENCE).init_app(app)
    return app


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["services"]
    return found


@pytest.fixture
def cluster(services: Services) -> Cluster:
    assert services.cluster is services.scrapyd is services.jobs.scrapyd
    assert services.cluster is not None
    return services.cluster


@pytest.fixture
def jobs(services: Services) -> Jobs:
    return services.jobs


@pytest.fixture
def node(nodes: Nodes, queue: Queue) -> Node:
    return Node("a", nodes, queue)


def test_a_run_goes_through_the_engine(alice: Caller, node: Node, jobs: Jobs) -> None:
    first, second = alice.schedule(), alice.schedule(priority="High")
    places = [alice.result(one)["progress"]["queue_position"] for one in (first, second)]
    assert places == [2, 1]
    job = node.pop()
    assert job == f"r{alice.result(second)['id']}-1"
    assert node.claims[0].message["run"].endswith("/attempts/1")
    assert alice.result(second)["stage"] == "scraping"
    (runner,) = jobs.store.runners.of_collection(second, 1)
    run = Run.create(attempt_of(runner).path, BODY)
    run.keep(run.claim([product(1)]))
    run.finish_page(record(offset=run.offset))
    run.finish(summary(asin_count=1))
    run.close()
    node.finish()
    assert alice.result(second)["stage"] == "done"
    assert alice.result(first)["progress"]["queue_position"] == 1


def test_a_cancel_takes_a_job_off_the_queue_or_tells_its_node(
    alice: Caller,
    node: Node,
    jobs: Jobs,
    nodes: Nodes,
) -> None:
    running, waiting = alice.schedule(), alice.schedule()
    node.pop()
    assert alice.cancel(waiting) is True
    assert alice.cancel(running) is True
    assert node.pop() is None
    report = NodeReport(
        *(node.name, node.incarnation, "0.1.0", 4, "direct", "-"),
        time.time(),
        claims=(node.claims[0].claim,),
    )
    (signal,) = nodes.beat(report, 60).signals.values()
    assert signal.name == "INT"
    refresh_all(jobs)
    assert [runner.is_stopping for runner in jobs.store.runners.open()] == [True]
    node.finish()
    refresh_all(jobs)
    assert jobs.store.runners.open() == []


def test_a_job_of_a_dead_node_is_given_up_and_followed(
    alice: Caller,
    node: Node,
    jobs: Jobs,
    nodes: Nodes,
    queue: Queue,
) -> None:
    collection = alice.schedule()
    node.pop()
    assert alice.result(collection)["stage"] == "scraping"
    backlog = alice.schedule(priority="Normal")
    node.beat(lease=0.05)
    runner = jobs.store.runners.newest(alice.user, collection)
    assert runner is not None
    until(
        lambda: refresh_all(jobs) or jobs.store.runners.get(runner.id),
        lambda found: found is not None and found.attempt == 2,
    )
    other = Node("b", nodes, queue)
    assert [other.pop(), other.pop()] == [f"r{runner.id}-2", f"r{alice.result(backlog)['id']}-1"]
    report = NodeReport(
        *(node.name, node.incarnation, "0.1.0", 4, "direct", "-"),
        time.time(),
        claims=(node.claims[0].claim,),
    )
    assert nodes.beat(report, 60).lost == (f"r{runner.id}-1",), "the node that wakes is told"


def test_two_processes_of_the_api_make_one_attempt(
    alice: Caller, node: Node, jobs: Jobs, nodes: Nodes, queue: Queue
) -> None:
    collection = alice.schedule()
    node.pop()
    node.beat(lease=0.05)
    beside = Services.make(PATIENCE)
    both = [Watcher(jobs), Watcher(beside.jobs)]

    def look() -> int:
        looking = [threading.Thread(target=watcher.refresh_all) for watcher in both]
        for thread in looking:
            thread.start()
        for thread in looking:
            thread.join()
        (runner,) = jobs.store.runners.of_collection(collection, 1)
        return runner.attempt

    until(look, lambda attempt: attempt == 2)
    assert (look(), queue.waiting()) == (2, 1)
    beside.store.close()


def test_jobs_that_wait_are_not_looked_at(alice: Caller, node: Node, jobs: Jobs) -> None:
    first, second = alice.schedule(), alice.schedule()
    assert list(jobs.changing()) == []
    node.pop()
    assert [runner.collection.id for runner in jobs.changing()] == [first]
    jobs.store.runners.set_missing(alice.result(second)["id"], "2026-01-01T00:00:00Z")
    assert [runner.collection.id for runner in jobs.changing()] == [first, second]


def test_an_engine_that_lost_everything_ends_no_run(
    alice: Caller,
    node: Node,
    jobs: Jobs,
    valkey: Valkey,
    nodes: Nodes,
    queue: Queue,
) -> None:
    collection = alice.schedule()
    for attempt in range(2, 6):
        with valkey.client as client:
            client.flushall()
        runner = until(
            lambda: refresh_all(jobs) or jobs.store.runners.newest(alice.user, collection),
            lambda found, attempt=attempt: found.attempt == attempt,
        )
    assert (runner.stage.value, runner.stalled) == ("queued", 0)
    assert Node("b", nodes, queue).pop() == f"r{runner.id}-5"


def test_a_given_up_job_that_the_engine_takes_back_is_ended(
    alice: Caller, node: Node, jobs: Jobs, valkey: Valkey, nodes: Nodes, queue: Queue
) -> None:
    alice.schedule()
    node.pop()
    (runner,) = jobs.store.runners.open()
    jobs._attempts.again(runner, has_run=True)
    jobs.scrapyd.end_orphan("r1-1", None)
    with valkey.client as client:
        client.flushall()
    node.beat()
    assert queue.states(["r1-1"]) == {"r1-1": "running"}, "it has forgotten that this was given up"
    jobs.settings = jobs.settings.model_copy(update={"cancel_grace": -5})
    watcher = Watcher(jobs)
    until(lambda: watcher.refresh_all() or queue.claims(), lambda claims: not claims)
    report = NodeReport(
        *(node.name, node.incarnation, "0.1.0", 4, "direct", "-"),
        time.time(),
        claims=(node.claims[0].claim,),
    )
    assert nodes.beat(report, 60).lost == ("r1-1",)


def test_a_silent_engine_is_waited_for_once(
    alice: Caller,
    node: Node,
    cluster: Cluster,
    valkey: Valkey,
) -> None:
    collections = [alice.schedule() for _ in range(20)]
    valkey.freeze()
    began = time.monotonic()
    listed = alice.post(f"{CATEGORY}/list/").get_json()["data"]["items"]
    assert [item["stage"] for item in listed] == ["queued"] * 20
    assert alice.result(collections[0])["stage"] == "queued"
    assert alice.client.get("/healthz").status_code == 503
    assert time.monotonic() - began < 2.5
    with pytest.raises(ScrapydError):
        cluster.state("r1-1")
    with pytest.raises(ScrapydAway):
        cluster.state("r1-1")
    valkey.thaw()
    until(lambda: alice.result(collections[0])["progress"]["queue_position"], lambda at: at == 1)


def test_a_run_is_not_recorded_where_there_is_no_engine(
    alice: Caller,
    valkey: Valkey,
    jobs: Jobs,
) -> None:
    valkey.kill()
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY)
    assert answer.status_code == 503
    assert "127.0.0.1" in answer.text
    assert jobs.store.runners.open() == []


def test_a_run_whose_job_the_engine_may_have_is_looked_up_later(
    alice: Caller,
    node: Node,
    jobs: Jobs,
    valkey: Valkey,
) -> None:
    valkey.freeze()
    collection = alice.schedule()
    valkey.thaw()
    refresh_all(jobs)
    assert alice.result(collection)["stage"] == "queued"
    # The engine may have the job all the same; else the next attempt follows.
    assert until(lambda: refresh_all(jobs) or node.pop(), bool) in ("r1-1", "r1-2")


def test_health_names_what_the_operator_should_look_at(
    app: Flask,
    node: Node,
    nodes: Nodes,
    queue: Queue,
    alice: Caller,
) -> None:
    alice.schedule()
    data = _health(app)
    assert data["nodes"] == "ok"
    assert data["cluster"]["waiting_jobs"] == 1
    assert data["cluster"]["oldest_waiting_since"].endswith("Z")
    (shown,) = data["cluster"]["nodes"]
    assert (shown["name"], shown["slots"], shown["running"], shown["trouble"]) == ("a", 4, 0, "")
    for name, how, said in (
        ("old", {"version": "0.0.9"}, "old: it runs version 0.0.9, the API 0.1.0"),
        ("late", {"ahead": -30}, "late: its clock is 30.0 s behind"),
        ("dead", {"lease": 0.05}, "dead: silent for "),
    ):
        Node(name, nodes, queue).beat(**how)
        until(lambda: _health(app)["nodes"], lambda told, said=said: said in told)
    for name in ("old", "late", "dead"):
        nodes.drain(name)
    assert "dead" not in _health(app)["nodes"], "one that was drained is not missed"


def _health(app: Flask) -> dict[str, object]:
    found: Services = app.extensions["services"]
    assert found.cluster is not None
    return health(found.jobs, found.cluster) | {
        "cluster": cluster_report(found.jobs, found.cluster)
    }


def test_nodes_are_listed_drained_and_resumed_on_the_command_line(
    app: Flask, node: Node, alice: Caller
) -> None:
    alice.schedule()
    assert "a     takes jobs  0 of 4" in flask("nodes", "list").stdout
    assert flask("nodes", "drain", "a").returncode == 0
    assert node.pop() is None
    assert "drained" in flask("nodes", "list").stdout
    assert flask("nodes", "resume", "a").returncode == 0
    assert node.pop() == "r1-1"
    said = flask("nodes", "drain", "b")
    assert (said.returncode, "there is no node b: it is one of a" in said.stderr) == (1, True)


def test_on_one_machine_there_are_no_nodes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CATEGORY_CRAWLER_QUEUE")
    said = flask("nodes", "list")
    assert (said.returncode, "CATEGORY_CRAWLER_QUEUE is not set" in said.stderr) == (1, True)


def test_a_greedy_user_has_few_jobs_in_the_queue(app: Flask, alice: Caller, node: Node) -> None:
    bob = new_user(app, "bob@example.org")
    for _ in range(3):
        alice.schedule()
    bob.schedule()
    assert [node.pop() for _ in range(4)] == ["r1-1", "r2-1", "r4-1", None]
