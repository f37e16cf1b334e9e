"""Nodes as real processes: each a Scrapyd with a home of its own, as on a machine of its own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from category_crawler.cluster.nodes import Nodes
from tests.api.services import free_port
from tests.crawls import Home
from tests.forks import Program, start_service
from tests.processes import kill, kill_all_over, spiders_over
from tests.waiting import until

SHARED = ("results", "cookies", "settings.toml")
LEASE = 2.0


@dataclass(slots=True)
class Machine:
    """One node and its spiders."""

    name: str
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: Program | None = None

    @property
    def log(self) -> str:
        """What its Scrapyd has said."""
        return (self.folder / "scrapyd.log").read_text()

    @property
    def spiders(self) -> dict[int, str]:
        """Its spiders' processes, each with its job's name."""
        return spiders_over(self.folder)

    def start(self) -> None:
        """Start its Scrapyd."""
        self.process = start_service(
            "category_crawler.daemon",
            environment=self.environment | {"SCRAPYD_PORT": str(self.port)},
            log=self.folder / "scrapyd.log",
        )

    def signal_all(self, number: int) -> None:
        """Signal everything that runs on it."""
        assert self.process is not None
        for pid in (self.process.pid, *self.spiders):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_daemon(self) -> None:
        """Kill its Scrapyd only; its spiders see that it is gone."""
        assert self.process is not None
        kill(self.process.pid)
        self.process.wait(20)

    def end(self) -> None:
        """Kill what is left of it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        kill_all_over(self.folder)

    def call(self, path: str, **data: str) -> dict[str, Any]:
        """What its console answers to a form."""
        session = requests.Session()
        session.trust_env = False
        password = (self.folder / "var" / "scrapyd.password").read_text().strip()
        method = "POST" if data else "GET"
        answer = session.request(
            method,
            f"http://127.0.0.1:{self.port}/{path}",
            data={"project": "default"} | data if data else None,
            auth=("crawler", password),
            timeout=10,
        )
        values: dict[str, Any] = answer.json()
        return values


@dataclass(slots=True)
class Cluster:
    """Machines over one engine, one shop, and one shared folder."""

    home: Home
    queue_url: str
    machines: list[Machine] = field(default_factory=list)

    def start(self, *names: str, **settings: str) -> list[Machine]:
        """Start a node of each name; return when the engine has heard of each."""
        from category_crawler.cluster.engine import Engine

        made = [self._machine(name, settings) for name in names]
        for machine in made:
            machine.start()
        nodes = Nodes(Engine(settings.get("CATEGORY_CRAWLER_QUEUE", self.queue_url)))
        until(
            lambda: {node.name for node in nodes.list() if node.is_alive},
            lambda alive: alive >= set(names),
        )
        return made

    def _machine(self, name: str, settings: dict[str, str]) -> Machine:
        folder = self.home.folder / f"machine-{len(self.machines)}"
        folder.mkdir()
        for shared in SHARED:
            (folder / shared).symlink_to(self.home.folder / shared)
        own = {
            "CATEGORY_CRAWLER_HOME": str(folder),
            "CATEGORY_CRAWLER_QUEUE": self.queue_url,
            "CATEGORY_CRAWLER_NODE": name,
            "CATEGORY_CRAWLER_LEASE": str(LEASE),
            "SCRAPYD_MAX_PROC_PER_CPU": "1",
            "SCRAPYD_POLL_INTERVAL": "0.2",
        }
        machine = Machine(name, folder, self.home.environment | own | settings)
        self.machines.append(machine)
        return machine


@contextmanager
def cluster(home: Home, queue_url: str) -> Iterator[Cluster]:
    """A cluster whose machines end with the block."""
    (home.folder / "results").mkdir(exist_ok=True)
    made = Cluster(home, queue_url)
    try:
        yield made
    finally:
        for machine in made.machines:
            machine.end()
