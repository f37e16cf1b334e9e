"""Large downloads from the API as a process of its own: polls go on, memory and disk stay flat."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from category_crawler.files.home import PROJECT
from tests.api.routes.test_results import Kept
from tests.api.served import LIST
from tests.api.services import Caller, free_port
from tests.crawls import Home
from tests.processes import forget_peak_memory, peak_memory
from tests.records import product
from tests.waiting import until

PRODUCTS = 20_000
CLIENTS = 20
FLAT = 40_000_000
"""Bytes by which memory may grow: that of threads and of the pieces that they send, no copies."""


class Service:
    """``flask --app api serve`` over the home of a test."""

    def __init__(self, home: Home, key: str) -> None:
        self.port = free_port()
        self.key = key
        self.folder = home.folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "api", "serve"],
            cwd=PROJECT,
            env=home.environment | {"API_PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, bool)

    def _answers(self) -> bool:
        try:
            return self.call("POST", LIST)[0] == 200
        except OSError:
            return False

    def call(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and bytes of an answer; one that says when to come again is asked for again."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"x-api-key": self.key, "Content-Type": "application/json"}
        connection.request(method, path, None, headers)
        answer = connection.getresponse()
        status, data = answer.status, answer.read()
        connection.close()
        if answer.headers["Retry-After"]:
            time.sleep(0.5)
            return self.call(method, path)
        return status, data

    def ask_and_read_nothing(self, path: str, *headers: str) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        lines = f"GET {path} HTTP/1.1", "Host: x", f"x-api-key: {self.key}", *headers, "", ""
        client.sendall("\r\n".join(lines).encode())
        return client

    @property
    def temporary_bytes(self) -> int:
        """What the process holds on disk below no name, or below ``var/downloads``."""
        found = 0
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                if descriptor.readlink().name.endswith("(deleted)"):
                    found += descriptor.stat().st_size
            except OSError:
                continue
        made = self.folder / "var" / "downloads"
        return found + sum(path.stat().st_size for path in made.glob("*"))


@pytest.fixture
def large(app: Flask, alice: Caller) -> Kept:
    kept = Kept(app, alice)
    # The rows of a failed run are lines, so that the JSON is made of them, too.
    return kept.failed(product(number, title="x" * 300) for number in range(PRODUCTS))


@pytest.fixture
def service(large: Kept, home: Home, alice: Caller) -> Iterator[Service]:
    running = Service(home, alice.key)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait()


def test_many_large_downloads_hold_no_poll_up(large: Kept, service: Service) -> None:
    over = threading.Event()
    polls: list[int] = []

    def poll() -> None:
        while not over.is_set():
            polls.append(service.call("POST", LIST)[0])

    watching = threading.Thread(target=poll)
    watching.start()
    size = len(service.call("GET", large.path("jsonl"))[1])
    forget_peak_memory(service.process.pid)
    before = peak_memory(service.process.pid)
    with ThreadPoolExecutor(CLIENTS) as clients:
        for form in ("csv", "jsonl", "json"):
            answers = list(
                clients.map(service.call, ["GET"] * CLIENTS, [large.path(form)] * CLIENTS)
            )
            assert {status for status, _ in answers} == {200}
            assert len({data for _, data in answers}) == 1
    over.set()
    watching.join()
    assert len(polls) > 3, "they were answered all the time"
    assert set(polls) == {200}
    assert peak_memory(service.process.pid) - before < FLAT < CLIENTS * size
    assert service.temporary_bytes < 2 * size


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_clients_that_read_nothing_hold_neither_threads_nor_memory_nor_disk(
    large: Kept, service: Service, form: str
) -> None:
    size = len(service.call("GET", large.path(form))[1])
    forget_peak_memory(service.process.pid)
    before = peak_memory(service.process.pid)
    with ExitStack() as stack:
        for headers in ((), ("Range: bytes=1-",)) * (CLIENTS // 2):
            client = service.ask_and_read_nothing(large.path(form), *headers)
            stack.enter_context(client).recv(1)
        assert service.call("POST", LIST)[0] == 200
        assert peak_memory(service.process.pid) - before < FLAT < CLIENTS * size
        assert service.temporary_bytes < 2 * size
