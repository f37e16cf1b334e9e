"""Makes one spider wait for its turns."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.settings import BaseSettings

from category_crawler.cluster.membership import queue_url
from category_crawler.errors import Interrupted
from category_crawler.extensions.stopping import stopping_of
from category_crawler.files.home import var_folder
from category_crawler.middlewares.retry import announce_pause
from category_crawler.pace.delay import next_gap, seconds_between
from category_crawler.pace.lane import Lane, NoTurnEver, NoTurnNow, Pace
from category_crawler.pace.lane_files import LaneFiles
from category_crawler.times import steady

_OF_SCRAPY = ("DOWNLOAD_DELAY", "AUTOTHROTTLE_START_DELAY")
"""Scrapy's own delays of one run."""
_LATE = 1.0
"""Seconds after a turn's moment from which it is not used any more."""
_FRESH = 1.0
"""Seconds after which the answer of the pace may not hold any more."""
_ASK_AGAIN = 0.3
"""Seconds between two questions while the pace gives no turn."""
_ANNOUNCED = 60.0
"""Seconds of one announced wait for a pace that gives no turn."""
_LONG = 60.0
"""Seconds of a wait for a turn from which it is announced."""

T = TypeVar("T")


class Turns:
    """The turns of one spider.

    It reserves one turn of a lane at a time, so that a spider with many requests under way gets no
    more turns than another.
    """

    def __init__(self, crawler: Crawler, pace: Pace | None = None) -> None:
        self._crawler = crawler
        self._pace = pace or _shared_pace()
        self._waiting: defaultdict[Lane, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def wait(self, request: Request) -> None:
        """Wait until a request may be sent. Raises IgnoreRequest if the crawl stops first."""
        lane = Lane.of(request.url, request.meta.get("proxy"))
        gap = next_gap(lane.host)
        if not gap:
            # Whose job was given up asks for nothing, however fast the operator lets runs be.
            await self._ask(self._pace.confirm)
            return
        async with self._waiting[lane]:
            while not await self._take_turn(lane, gap):
                pass

    async def count(self, request: Request) -> None:
        """Count a request like this one that is sent without waiting: the next comes later."""
        lane = Lane.of(request.url, request.meta.get("proxy"))
        if gap := next_gap(lane.host):
            with suppress(NoTurnNow, NoTurnEver):
                await self._pace.reserve(lane, gap)

    async def _take_turn(self, lane: Lane, gap: float) -> bool:
        """Wait for a turn; whether it may be used. A frozen process must not use an old one."""
        seconds = await self._ask(lambda: self._pace.reserve(lane, gap))
        turn = steady() + seconds
        if seconds > 0:
            if seconds >= _LONG:
                announce_pause(self._crawler, seconds, f"its turn at {lane.host} is far ahead")
            await self._pause(seconds)
        if seconds > _FRESH:
            await self._ask(self._pace.confirm)
        return steady() - turn < _LATE

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The pace's answer, however long it takes. Raises IgnoreRequest if the crawl stops."""
        announced = -_ANNOUNCED
        while True:
            try:
                return await ask()
            except NoTurnEver as error:
                stopping_of(self._crawler).stop(
                    Interrupted(f"No more pages are asked for: {error}")
                )
                raise IgnoreRequest("the crawl is stopping") from None
            except NoTurnNow as error:
                # A wait that is not announced looks as if the spider hung.
                if steady() - announced >= _ANNOUNCED:
                    announced = steady()
                    announce_pause(self._crawler, _ANNOUNCED, str(error))
            await self._pause(_ASK_AGAIN)

    async def _pause(self, seconds: float) -> None:
        if await stopping_of(self._crawler).stops_within(seconds):
            raise IgnoreRequest("the crawl is stopping")


def _shared_pace() -> Pace:
    if not queue_url():
        return LaneFiles(var_folder() / "pace")
    # Machines that work alone load nothing of it.
    from category_crawler.cluster.engine import engine_of_cluster
    from category_crawler.pace.engine_lanes import own_lanes

    return own_lanes(engine_of_cluster())


def leave_delay_to_turns(settings: BaseSettings) -> None:
    """Switch off Scrapy's own delays as far as they are no longer than the shop's pace.

    A run may be slower than the operator's ``DOWNLOAD_DELAY`` (``-s DOWNLOAD_DELAY=10``), never
    faster. AutoThrottle goes on to slow a run down where the shop answers slowly.
    """
    handler = str(settings.getdict("DOWNLOAD_HANDLERS").get("https", ""))
    if not handler.startswith("category_crawler.pace."):
        return  # the operator's own handler, which takes no turns
    for name in _OF_SCRAPY:
        if settings.getfloat(name) <= seconds_between():
            settings.set(name, 0, priority="cmdline")
