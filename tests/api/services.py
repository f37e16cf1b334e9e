"""The job API as tests meet it: over a home of its own, with a real Scrapyd where one runs."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.accounts.secret import hash_of, new_secret
from api.runners.lifecycle import Jobs
from api.runners.watch import Watcher
from api.scrapyd.client import Scrapyd
from api.scrapyd.job_service import ScrapydError
from api.store import Store
from tests.crawls import DOMAIN, POSTCODE, URL
from tests.forks import Program, start, start_service
from tests.storefront import NODE
from tests.waiting import until

CATEGORY = "/api/v1/schedules/amazon/category"
BODY = {"category_url": URL, "amazon_node_id": NODE, "domain": DOMAIN, "postcode": POSTCODE}
ENDED = ("done", "failed")


_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections, from 32768 on: one of them could take a
port between its choice and the start of its service."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    for _ in _PORTS:
        port = random.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free")


def flask(*words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """A command of the operator's, as typed."""
    command = ["flask", "--app", "api", *words]
    program = start(*command, environment=dict(os.environ), typed=typed)
    output, errors = program.communicate(timeout=60)
    return subprocess.CompletedProcess(command, program.wait(), output, errors)


def refresh_all(jobs: Jobs) -> None:
    """One look of a watcher that has just been started."""
    Watcher(jobs).refresh_all()


@dataclass(frozen=True, slots=True)
class Caller:
    """A user of the API."""

    client: FlaskClient
    key: str
    user: int

    def post(self, path: str, body: Any = None) -> TestResponse:
        return self.client.post(path, json=body or {}, headers={"x-api-key": self.key})

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={"x-api-key": self.key, **headers})

    def schedule(self, **fields: Any) -> int:
        """Schedule the example category; the collection's id."""
        answer = self.post(f"{CATEGORY}/add_schedule/", BODY | fields)
        assert answer.status_code == 200, answer.text
        collection: int = answer.get_json()["data"]["id"]
        return collection

    def result(self, collection: int) -> dict[str, Any]:
        answer = self.post(f"{CATEGORY}/result/", {"collection_id": collection})
        assert answer.status_code == 200, answer.text
        (runner,) = answer.get_json()["data"]
        values: dict[str, Any] = runner
        return values

    def cancel(self, collection: int) -> bool:
        answer = self.post(f"{CATEGORY}/cancel/", {"collection_id": collection})
        assert answer.get_json()["data"]["id"] == collection
        revoked: bool = answer.get_json()["data"]["revoked"]
        return revoked

    def until(self, collection: int, *stages: str) -> dict[str, Any]:
        """Wait until the collection's runner is in one of the stages."""
        return until(lambda: self.result(collection), lambda result: result["stage"] in stages)

    def until_moving(self, collection: int) -> dict[str, Any]:
        """Wait until the runner's crawl has kept something."""
        return until(
            lambda: self.result(collection),
            lambda result: result["stage"] == "scraping" and result["asin_count"] > 0,
        )


def new_user(app: Flask, email: str) -> Caller:
    """A user with a key."""
    key = new_secret()
    store: Store = app.extensions["services"].store
    user = store.users.add(email, email.partition("@")[0], hash_of(key))
    return Caller(app.test_client(), key, user)


@dataclass(slots=True)
class Daemon:
    """A real Scrapyd over a home folder; it and its spiders end with the test."""

    folder: Path
    port: int
    environment: dict[str, str]
    process: Program | None = None

    @property
    def number(self) -> int:
        """The number of its process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self.folder / "scrapyd.log"
        self.process = start_service(
            "category_crawler.daemon", environment=self.environment, log=log
        )
        door = Scrapyd()
        until(lambda: _answers(door), bool, 30)

    def kill(self) -> None:
        """Kill the daemon only; its spiders become orphans."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Kill the daemon and what it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def daemon(folder: Path, port: int, environment: dict[str, str]) -> Iterator[Daemon]:
    """A Scrapyd that has been started."""
    made = Daemon(folder, port, environment)
    try:
        made.start()
        yield made
    finally:
        made.end()


def _answers(door: Scrapyd) -> bool:
    try:
        door.daemonstatus()
    except ScrapydError:
        return False
    return True
