"""What `result` and `add_schedule` cost a crowd, beside a Flask route that sends the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import requests

from benchmarks.client import Ordered
from benchmarks.comparison import Row
from benchmarks.crowd import Order, waits
from benchmarks.installation import Installation, installation
from benchmarks.plain_server import plain_server
from tests.api.services import BODY, CATEGORY

_CLIENTS = 50
_ROUNDS = 5
_POLLS, _SCHEDULES = 3000, 500
_AGAINST = "a Flask route on the same server sending the same bytes"
_PAGES, _LATENCY = 500, 1.0
"""Of the shop: enough of them, and slow enough, that no run ends while it is asked about."""


def rows() -> Iterator[Row]:
    """One row for each call."""
    what = f"p99 at {_CLIENTS} clients"
    yield Row(f"`result` of a running job, {what}", _AGAINST, median(_polls()), 3, at_most=True)
    yield Row(f"`add_schedule`, {what}", _AGAINST, median(_schedules()), 6, at_most=True)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of the API and what it is sent."""

    name: str
    bodies: list[dict[str, Any]]
    requests: int

    def to_plain(self, here: Installation, rounds: int) -> Iterator[float]:
        """How many times as long as from a plain server its slow answers take, in each round."""
        url = f"{here.client.root}{CATEGORY}/{self.name}/"
        with TemporaryDirectory() as folder:
            (Path(folder) / self.name).write_bytes(self._answer(here, url))
            with plain_server(Path(folder)) as plain:
                for _ in range(rounds):
                    theirs = self._slowest(here, f"{plain}/bytes/{self.name}")
                    yield self._slowest(here, url) / theirs

    def _answer(self, here: Installation, url: str) -> bytes:
        headers = {"x-api-key": here.client.key}
        answer = requests.post(url, json=self.bodies[0], headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.content

    def _slowest(self, here: Installation, url: str) -> float:
        asked = Order(url, here.client.key, self.bodies, _CLIENTS, self.requests)
        return waits(asked).p99


def _polls() -> Iterator[float]:
    with _busy_installation() as (here, running):
        bodies = [{"collection_id": run.collection} for run in running]
        yield from _Call("result", bodies, _POLLS).to_plain(here, _ROUNDS)


def _schedules() -> Iterator[float]:
    """Each round in an installation of its own, so that all begin with an empty queue."""
    for _ in range(_ROUNDS):
        with _busy_installation() as (here, _):
            body = BODY | {"postcode": here.new_postcode()}
            yield from _Call("add_schedule", [body], _SCHEDULES).to_plain(here, 1)


@contextmanager
def _busy_installation() -> Iterator[tuple[Installation, list[Ordered]]]:
    """One whose slots are all taken by runs that go on: what is scheduled waits."""
    with installation(pages=_PAGES, latency=_LATENCY) as here:
        running = [here.schedule() for _ in range(here.slots)]
        for run in running:
            result = here.wait(run, lambda result: result.get("asin_count", 0) > 0, 60)
            assert result.get("stage") == "scraping", result
        yield here, running
