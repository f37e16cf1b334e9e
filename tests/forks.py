"""Starts the project's programs without the second of CPU in which each loads its packages.

One process loads them and forks once for each program. The fork has its own environment, folder,
output and signals, loads everything that reads settings itself, and runs as with ``python -m``.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from category_crawler.files.home import PROJECT

_PACKAGES = (
    "api.application",
    "category_crawler.crawl.category_crawl",
    "flask.cli",
    "itemadapter",
    "scrapy.cmdline",
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.cookies",
    "scrapy.shell",
    "scrapyd.app",
    "scrapyd.website",
)
_OF_EACH_PROGRAM = frozenset(("category_crawler.settings", "twisted.internet.reactor"))
"""What they must not load: it depends on the program's environment."""


class Program:
    """A program that was started; its methods are those of subprocess.Popen."""

    def __init__(
        self, words: tuple[str, ...], environment: dict[str, str], typed: str, log: Path | None
    ) -> None:
        self.returncode: int | None = None
        self._said: dict[int, bytes] = {}
        self._status, theirs = socket.socketpair()
        ends = [theirs.detach(), _typed(typed), *(_opened(log) if log else self._pipes())]
        socket.send_fds(_forker(), [b"."], ends)
        for end in ends:
            os.close(end)
        asked = {"words": words, "environment": environment, "leads": log is not None}
        self._status.sendall(json.dumps(asked).encode() + b"\n")
        self._lines = self._status.makefile()
        self.pid = int(self._lines.readline())

    def _pipes(self) -> tuple[int, int]:
        """The ends of the program, for output and errors."""
        (output, its_output), (errors, its_errors) = os.pipe(), os.pipe()
        self._said = {output: b"", errors: b""}
        return its_output, its_errors

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._lines.readline())
            self._lines.close()
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """Wait for its end, and return its output and errors."""
        deadline = time.monotonic() + timeout
        open_ends = [*self._said]
        while open_ends:
            left = max(0.0, deadline - time.monotonic())
            ready = select.select(open_ends, [], [], left)[0]
            if not ready:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            for end in ready:
                piece = os.read(end, 65536)
                self._said[end] += piece
                if not piece:
                    open_ends.remove(end)
                    os.close(end)
        self.wait(max(0.0, deadline - time.monotonic()))
        output, errors = (said.decode() for said in self._said.values())
        return output, errors

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def start(*words: str, environment: dict[str, str], typed: str = "") -> Program:
    """Start ``python -m`` with these words; its output is kept for ``communicate``."""
    return Program(words, environment, typed, log=None)


def start_service(*words: str, environment: dict[str, str], log: Path) -> Program:
    """Start one that leads a process group and appends its output to a file."""
    return Program(words, environment, "", log)


def _typed(text: str) -> int:
    """A descriptor from which a short text can be read."""
    end, ours = os.pipe()
    os.write(ours, text.encode())
    os.close(ours)
    return end


def _opened(log: Path) -> tuple[int, int]:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return output, os.dup(output)


@cache
def _forker() -> socket.socket:
    """The connection to this process's forker, which ends with it."""
    ours, theirs = socket.socketpair()
    subprocess.Popen(
        [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    return ours


def _serve(orders: socket.socket) -> list[str]:
    """Fork for each order; returns only in a new program, whose words it gives."""
    # The system forgets each fork that ends.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        _, given, _, _ = socket.recv_fds(orders, 1, 4)
        if not given:
            os._exit(0)
        if os.fork() == 0:
            orders.close()
            return _watched(*given)
        for descriptor in given:
            os.close(descriptor)


def _watched(status: int, *streams: int) -> list[str]:
    """Fork the program, which tells its PID, and in the end tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    telling = socket.socket(fileno=status)
    asked = json.loads(telling.makefile().readline())
    number = os.fork()
    if number == 0:
        _become(asked["environment"], streams, leads=asked["leads"])
        telling.sendall(b"%d\n" % os.getpid())
        telling.close()
        words: list[str] = asked["words"]
        return words
    for descriptor in streams:
        os.close(descriptor)
    # A signal to the process group is for the program.
    os.setsid()
    # Who started it may have gone.
    with suppress(OSError):
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        telling.sendall(b"%d\n" % code)
    os._exit(0)


def _become(environment: dict[str, str], streams: tuple[int, ...], *, leads: bool) -> None:
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    if leads:
        os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))


if __name__ == "__main__":
    for package in _PACKAGES:
        importlib.import_module(package)
    assert not sys.modules.keys() & _OF_EACH_PROGRAM
    gc.freeze()
    sys.argv = _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
