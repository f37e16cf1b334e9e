"""The watcher: it outlives whatever looking at one runner raises, and the others are looked at."""

import errno
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from api.runners import watch as watching
from api.runners.lifecycle import Jobs
from api.runners.watch import Watcher, watch
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from tests.api.services import CATEGORY, Caller
from tests.waiting import until


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.fixture
def runners(alice: Caller, jobs: Jobs) -> list[int]:
    """Three runners, one of them cancelled."""
    made = [
        jobs.store.runners.add_collection(
            alice.user, "Lamps", StoredRequest({"priority": priority}), []
        ).id
        # A third of one priority would be held back.
        for priority in ("Normal", "Normal", "High")
    ]
    jobs.store.runners.end(made[2], Outcome(Stage.FAILED, is_stopping=True))
    return made


@dataclass(slots=True)
class Looks:
    """Looks at runners: whom they reached, and what fails for whom."""

    raises: dict[int, Exception] = field(default_factory=dict)
    reached: list[int] = field(default_factory=list)

    def through(self, look: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The same look, which fails where it is to."""

        def looked(runner: Any) -> Any:
            if runner.id in self.raises:
                raise self.raises[runner.id]
            self.reached.append(runner.id)
            return look(runner)

        return looked


@pytest.fixture
def looks(jobs: Jobs, runners: list[int], monkeypatch: pytest.MonkeyPatch) -> Looks:
    made = Looks()
    for name in ("refresh", "finish_cancel"):
        monkeypatch.setattr(jobs, name, made.through(getattr(jobs, name)))
    return made


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), TypeError(), ValueError("x"), OSError(5, "x"), RecursionError(), MemoryError()],
)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_others_are_looked_at(
    jobs: Jobs,
    runners: list[int],
    looks: Looks,
    error: Exception,
    which: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks.raises[runners[which]] = error
    Watcher(jobs).refresh_all()
    assert looks.reached == [number for number in runners if number != runners[which]]
    (said,) = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert f"runner {runners[which]} " in said.getMessage()
    assert said.exc_info is not None


def test_what_always_fails_is_said_now_and_then(
    jobs: Jobs,
    runners: list[int],
    looks: Looks,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    looks.raises[runners[0]] = KeyError("asin_count")
    watcher = Watcher(jobs)
    for second in range(0, 3600, 20):
        clock[0] = second
        watcher.refresh_all()
    errors = [line.getMessage() for line in caplog.records if line.levelno == logging.ERROR]
    assert 3 <= len(errors) <= 7
    assert "KeyError: 'asin_count'" in errors[-1]
    assert "minutes" in errors[-1]
    del looks.raises[runners[0]]
    watcher.refresh_all()
    looks.raises[runners[0]] = KeyError("another")
    watcher.refresh_all()
    assert "could not be refreshed; it is tried again" in caplog.records[-1].getMessage()


def test_the_loop_goes_on_when_everything_fails(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def broken(*_: object) -> None:
        rounds.append(1)
        raise RuntimeError("a database of another kind")

    monkeypatch.setattr(jobs.store.runners, "open", broken)
    monkeypatch.setattr(watching, "beat", broken)
    quick = jobs.settings.model_copy(update={"watch_interval": 0.01})
    monkeypatch.setattr(jobs, "settings", quick)
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(jobs, stop))
    thread.start()
    until(lambda: len(rounds), lambda number: number > 10)
    assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_full_disk_keeps_no_runner_from_being_looked_at(
    jobs: Jobs, runners: list[int], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(watching, "beat", full)
    Watcher(jobs).refresh_all()
    assert looks.reached == runners


def test_the_heart_beats_while_runners_are_looked_at(
    jobs: Jobs, runners: list[int], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at thousands of lost runs takes minutes."""
    beats: list[int] = []
    monkeypatch.setattr(watching, "beat", lambda _seconds: beats.append(len(looks.reached)))
    Watcher(jobs).refresh_all()
    assert beats == [0, 0, 1, 2]


def test_the_list_shows_the_others(
    alice: Caller, jobs: Jobs, runners: list[int], looks: Looks
) -> None:
    looks.raises[runners[0]] = KeyError("x")
    answer = alice.post(f"{CATEGORY}/list/")
    assert answer.status_code == 200
    assert [item["id"] for item in answer.get_json()["data"]["items"]] == runners[::-1]
