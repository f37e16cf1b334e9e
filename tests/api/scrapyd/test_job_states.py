"""Scrapyd is asked once for all who want to know, and nobody is told what is no more so."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from api.scrapyd.job_states import JobStates, States
from tests.waiting import until


class Daemon:
    """Answers when it may, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: States | Exception = {}
        self.may = threading.Event()
        self.may.set()

    def ask(self) -> States:
        self.asked += 1
        answer = self.answer
        self.may.wait(20)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def pause(self) -> None:
        self.may.clear()


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def states(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> JobStates:
    monkeypatch.setattr("api.scrapyd.job_states._FRESH_SECONDS", 60)
    return JobStates(daemon.ask)


@pytest.fixture
def threads(daemon: Daemon) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool
        daemon.may.set()


def asking(daemon: Daemon, pool: ThreadPoolExecutor, states: JobStates) -> Future[Any]:
    """A thread that is in the middle of asking."""
    before = daemon.asked
    daemon.pause()
    future = pool.submit(states.now)
    until(lambda: daemon.asked, lambda asked: asked > before)
    return future


def test_many_at_once_ask_once(
    daemon: Daemon, states: JobStates, threads: ThreadPoolExecutor
) -> None:
    daemon.answer = {"r1-1": "running"}
    first = asking(daemon, threads, states)
    others = [threads.submit(states.now) for _ in range(19)]
    daemon.may.set()
    assert [told.result() for told in (first, *others)] == [{"r1-1": "running"}] * 20
    assert daemon.asked == 1


def test_who_comes_while_another_asks_is_told_what_was_said_just_before(
    daemon: Daemon, states: JobStates, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.scrapyd.job_states._FRESH_SECONDS", 0)
    monkeypatch.setattr("api.scrapyd.job_states._GOOD_SECONDS", 60)
    daemon.answer = {"r1-1": "pending"}
    states.now()
    daemon.answer = {"r1-1": "running"}
    first = asking(daemon, threads, states)
    assert states.now() == {"r1-1": "pending"}
    daemon.may.set()
    assert first.result() == {"r1-1": "running"}


def test_an_answer_too_old_is_not_told(
    daemon: Daemon, states: JobStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.scrapyd.job_states._FRESH_SECONDS", 0)
    monkeypatch.setattr("api.scrapyd.job_states._GOOD_SECONDS", 0)
    states.now()
    daemon.answer = {"r1-1": "running"}
    assert states.now() == {"r1-1": "running"}


def test_what_was_asked_before_a_change_is_too_old(
    daemon: Daemon, states: JobStates, threads: ThreadPoolExecutor
) -> None:
    daemon.answer = {"r1-1": "running"}
    first = asking(daemon, threads, states)
    states.forget()
    daemon.answer = {"r1-1": "finished"}
    daemon.may.set()
    first.result()
    assert states.now() == {"r1-1": "finished"}
    assert daemon.asked == 2


def test_who_waits_for_nothing_waits_together(
    daemon: Daemon, states: JobStates, threads: ThreadPoolExecutor
) -> None:
    daemon.answer = RuntimeError("no answer")
    first = asking(daemon, threads, states)
    others = [threads.submit(states.now) for _ in range(19)]
    daemon.may.set()
    for told in (first, *others):
        with pytest.raises(RuntimeError, match="no answer"):
            told.result()
    assert daemon.asked == 1


def test_a_job_of_ours_is_known_without_asking(daemon: Daemon, states: JobStates) -> None:
    daemon.answer = {"r1-1": "running"}
    states.now()
    states.note("r1-1", "pending")
    states.note("r2-1", "pending")
    assert states.now() == {"r1-1": "running", "r2-1": "pending"}
    assert daemon.asked == 1
