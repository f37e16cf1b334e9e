"""A crowd of clients in a process of its own, so that their work is not the server's.

``python -m benchmarks.crowd`` reads an :class:`Order` as JSON and writes a :class:`Waits`. Each
client keeps one connection and sends its next request once it has the last byte of the answer.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any

import aiohttp

from category_crawler.files.home import PROJECT


@dataclass(frozen=True, slots=True)
class Order:
    """What the crowd is to ask."""

    url: str
    key: str
    bodies: list[dict[str, Any]]
    """Sent in turns."""
    clients: int
    requests: int
    """Of all clients together; as many as there are clients come before, uncounted."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long answers took, in milliseconds, all of them HTTP 200."""

    median: float
    p99: float
    a_second: float
    """Answers."""


class NotAnswered(Exception):
    """Raised if one answer was no success: then nothing was measured."""


def waits(order: Order) -> Waits:
    """Have a crowd ask. Raises NotAnswered."""
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.crowd"],
        cwd=PROJECT,
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise NotAnswered(asked.stderr.strip().rpartition("\n")[2])
    return Waits(**json.loads(asked.stdout))


async def _ask(order: Order) -> Waits:
    connector = aiohttp.TCPConnector(limit=order.clients)
    headers = {"x-api-key": order.key}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await _all(session, order, order.clients)
        began = time.perf_counter()
        taken = await _all(session, order, order.requests)
        seconds = time.perf_counter() - began
    percent = quantiles(taken, n=100)
    return Waits(percent[49] * 1000, percent[98] * 1000, len(taken) / seconds)


async def _all(session: aiohttp.ClientSession, order: Order, requests: int) -> list[float]:
    """Seconds that each of so many requests took."""
    bodies = (order.bodies[number % len(order.bodies)] for number in range(requests))
    taken: list[float] = []
    async with asyncio.TaskGroup() as clients:
        for _ in range(order.clients):
            clients.create_task(_client(session, order.url, bodies, taken))
    return taken


async def _client(
    session: aiohttp.ClientSession, url: str, bodies: Iterator[dict[str, Any]], taken: list[float]
) -> None:
    for body in bodies:
        began = time.perf_counter()
        async with session.post(url, json=body) as answer:
            text = await answer.read()
        taken.append(time.perf_counter() - began)
        if answer.status != 200:
            raise NotAnswered(f"{url} answered {answer.status}: {text[:200]!r}")


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_ask(Order(**json.load(sys.stdin)))))))
