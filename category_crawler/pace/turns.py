"""Makes one spider wait for its turns."""

import asyncio
import random
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.settings import BaseSettings

from category_crawler import settings as project
from category_crawler.extensions.stopping import stopping_of
from category_crawler.files.home import var_folder
from category_crawler.pace.lane import Lane, Pace
from category_crawler.pace.lane_files import LaneFiles

_OF_SCRAPY = ("DOWNLOAD_DELAY", "AUTOTHROTTLE_START_DELAY")
"""Scrapy's own delays of one run."""


class Turns:
    """The turns of one spider.

    It reserves one turn of a lane at a time, so that a spider with many requests under way gets no
    more turns than another.
    """

    def __init__(self, crawler: Crawler, pace: Pace | None = None) -> None:
        self._crawler = crawler
        self._pace = pace or LaneFiles(var_folder() / "pace")
        self._waiting: defaultdict[Lane, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def wait(self, request: Request) -> None:
        """Wait until a request may be sent. Raises IgnoreRequest if the crawl stops first."""
        lane = Lane.of(request.url, request.meta.get("proxy"))
        gap = _gap(lane.host)
        if not gap:
            return
        async with self._waiting[lane]:
            seconds = await self._pace.reserve(lane, gap)
            if seconds > 0 and await stopping_of(self._crawler).stops_within(seconds):
                raise IgnoreRequest("the crawl is stopping")

    async def count(self, request: Request) -> None:
        """Count a request like this one that is sent without waiting: the next comes later."""
        lane = Lane.of(request.url, request.meta.get("proxy"))
        if gap := _gap(lane.host):
            await self._pace.reserve(lane, gap)


def leave_delay_to_turns(settings: BaseSettings) -> None:
    """Switch off Scrapy's own delays as far as they are no longer than the shop's pace.

    A run may be slower than the operator's ``DOWNLOAD_DELAY`` (``-s DOWNLOAD_DELAY=10``), never
    faster. AutoThrottle goes on to slow a run down where the shop answers slowly.
    """
    handler = str(settings.getdict("DOWNLOAD_HANDLERS").get("https", ""))
    if not handler.startswith("category_crawler.pace."):
        return  # the operator's own handler, which takes no turns
    for name in _OF_SCRAPY:
        if settings.getfloat(name) <= _delay():
            settings.set(name, 0, priority="cmdline")


def seconds_between(host: str) -> float:
    """Seconds between two requests of this machine to a shop, on average."""
    return max(0.0, _delay(host))


def _gap(host: str) -> float:
    """Seconds until the turn after the next, random as Scrapy's own delay is; 0 for no pace."""
    jitter = float(_operators("DOWNLOAD_DELAY_JITTER", 0.5))
    return max(0.0, _delay(host) * (1 + random.uniform(-jitter, jitter)))  # noqa: S311


def _delay(host: str = "") -> float:
    slot: dict[str, Any] = _operators("DOWNLOAD_SLOTS", {}).get(urlsplit(f"//{host}").hostname, {})
    return float(slot.get("delay", project.DOWNLOAD_DELAY))


def _operators(name: str, default: Any) -> Any:
    """A setting of the operator's, without what ``-s`` says for one run."""
    return getattr(project, name, default)
