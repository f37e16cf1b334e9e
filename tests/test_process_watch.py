"""A process that watches its parent exits after it, by SIGTERM or else by force."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from category_crawler.process_watch import PARENT, has_exited

WATCHING = """
import os, signal, sys, time
{first}
from category_crawler.process_watch import exit_with_parent
exit_with_parent(patience=1)
print(os.getpid(), os.environ.get("CATEGORY_CRAWLER_PARENT"), flush=True)
time.sleep(600)
"""
AS_ON_LINUX = ""
AS_ELSEWHERE = "del os.pidfd_open"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def watching(
    parent: int | str | None, first: str = "", *, own_group: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process that already watches another, and has printed its PID."""
    named = {} if parent is None else {PARENT: str(parent)}
    with subprocess.Popen(
        [sys.executable, "-c", WATCHING.format(first=first)],
        env=os.environ | named,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0 if own_group else None,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


@pytest.mark.parametrize("first", [AS_ON_LINUX, AS_ELSEWHERE])
@pytest.mark.parametrize("own_group", [True, False])
def test_it_ends_after_the_process_that_is_named(first: str, own_group: bool) -> None:
    with sleeper() as parent, watching(parent.pid, first, own_group=own_group) as process:
        # Its child processes do not inherit the variable.
        assert told(process) == [str(process.pid), "None"]
        assert process.poll() is None
        parent.kill()
        parent.wait()
        assert process.wait(20) == -signal.SIGTERM


def test_one_that_nobody_has_reaped_is_gone() -> None:
    with sleeper() as parent, watching(parent.pid) as process:
        told(process)
        parent.kill()
        assert process.wait(20) == -signal.SIGTERM
        assert has_exited(parent.pid)


def test_one_that_ignores_the_signal_is_ended_by_force() -> None:
    with sleeper() as parent, watching(parent.pid, DEAF) as process:
        told(process)
        parent.kill()
        assert process.wait(20) == 1


@pytest.mark.parametrize("first", [AS_ON_LINUX, AS_ELSEWHERE])
def test_one_whose_parent_was_gone_before_it_began_ends(first: str) -> None:
    with sleeper() as parent:
        pass
    with watching(parent.pid, first) as process:
        assert process.wait(20) == -signal.SIGTERM


@pytest.mark.parametrize("named", [None, "", "make", "²"])
def test_one_that_is_told_of_nobody_goes_on(named: str | None) -> None:
    with watching(named) as process:
        told(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
        assert process.poll() is None


@pytest.mark.parametrize("elsewhere", [False, True])
def test_whether_a_process_has_ended(elsewhere: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if elsewhere:
        monkeypatch.delattr(os, "pidfd_open")
    with sleeper() as process:
        assert not has_exited(process.pid)
        assert not has_exited(process.pid, within=0.1)
    assert has_exited(process.pid)
    assert has_exited(process.pid, within=None)
