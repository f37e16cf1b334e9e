"""Scrapyd's queue, including its part in memory."""

from pathlib import Path

import pytest
from scrapyd.config import Config

from category_crawler.daemon.job_queue import JobQueue


@pytest.fixture
def queue(tmp_path: Path) -> JobQueue:
    config = Config()
    config.cp.set(config.SECTION, "dbs_dir", str(tmp_path))
    return JobQueue(config, "default")


def names(queue: JobQueue) -> list[str]:
    return [message["_job"] for message in queue.list()]


def test_a_job_given_back_is_still_in_the_queue(queue: JobQueue) -> None:
    queue.add("category", _job="r1-1", run="1/1/1")
    message = queue.pop()
    assert message is not None
    queue.give_back(message)
    assert (queue.count(), names(queue)) == (1, ["r1-1"])
    assert queue.pop() == message
    assert (queue.count(), queue.pop()) == (0, None)


def test_only_a_short_job_that_is_next_is_popped_as_one(queue: JobQueue) -> None:
    queue.add("category", _job="r1-1", priority=2.5)
    assert queue.pop_short() is None
    queue.add("preview", _job="p1-1", priority=3)
    queue.add("delivery", _job="z1-1", priority=3)
    short = [message["_job"] for _ in range(2) if (message := queue.pop_short())]
    assert short == ["p1-1", "z1-1"]
    assert (queue.pop_short(), names(queue)) == (None, ["r1-1"])


def test_jobs_given_back_and_others_come_by_turns(queue: JobQueue) -> None:
    for name in ("a", "b"):
        queue.give_back({"name": "category", "_job": name})
    for name in ("c", "d"):
        queue.add("category", _job=name)
    order = [message["_job"] for _ in range(4) if (message := queue.pop())]
    assert order == ["a", "c", "b", "d"]


def test_a_job_given_back_can_be_cancelled(queue: JobQueue) -> None:
    queue.add("category", _job="r1-1")
    queue.give_back({"name": "category", "_job": "r2-1"})
    assert queue.remove(lambda message: message["_job"] == "r2-1") == 1
    assert names(queue) == ["r1-1"]
    queue.give_back({"name": "category", "_job": "r3-1"})
    queue.clear()
    assert queue.count() == 0
