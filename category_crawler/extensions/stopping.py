"""How a crawl comes to its end before its list is whole, and who must hear of it."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Self, TypeVar

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from category_crawler.errors import Cancelled, Crashed, CrawlError, CrawlStopped, Interrupted

logger = logging.getLogger(__name__)

T = TypeVar("T")

_MEANINGS: dict[int, CrawlStopped] = {
    # Scrapyd's cancel, its console's button and a terminal's Ctrl-C send INT; a service manager
    # that stops everything sends TERM.
    signal.SIGINT: Cancelled("Cancelled by user"),
    signal.SIGTERM: Interrupted("The process was asked to end (TERM) before the list was whole"),
}


class Ending:
    """An extension that knows why a crawl ends; the first reason counts."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.error: CrawlError | None = None
        self.signal: str | None = None
        """Name of the signal that ended the crawl, such as ``SIGTERM``."""
        self.last_will: Callable[[], None] = lambda: None
        """What is to be written where the spider does not close and is ended by force."""
        self._begun = asyncio.Event()
        self._grace = crawler.settings.getfloat("CANCEL_GRACE")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        connect = crawler.signals.connect
        connect(extension.watch_signals, signal=signals.engine_started)
        connect(extension.spider_error, signal=signals.spider_error)
        return extension

    def begin(self, error: CrawlError) -> None:
        """Note why the crawl ends, and have Scrapy close the spider."""
        reason = self._note(error).reason
        self._begun.set()
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))

    def insist(self, error: CrawlError, seconds: float) -> None:
        """End the crawl from a thread of its own, by force where it does not close in time."""
        from twisted.internet import reactor

        # Noted at once: where the reactor hangs, it never calls begin.
        self._note(error)
        reactor.callFromThread(self.begin, error)
        self.end_by_force(seconds)

    def end_by_force(self, seconds: float) -> None:
        """Wait so many seconds for the spider to close, then end the process.

        A request that hangs holds a spider up for as long as it may; rows are on disk by then.
        """
        time.sleep(seconds)
        logger.error("The spider did not close within %.0f s and is ended", seconds)
        try:
            self.last_will()
        finally:
            os._exit(1)

    async def begins_within(self, seconds: float) -> bool:
        """Wait, but not beyond the moment the crawl begins to end; whether it did."""
        try:
            async with asyncio.timeout(seconds):
                await self._begun.wait()
        except TimeoutError:
            return False
        return True

    async def outlasts(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; the work is cancelled, and CrawlStopped raised, if the crawl ends."""
        working = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self._begun.wait())
        await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
            raise Interrupted("The crawl is ending")
        return working.result()

    def watch_signals(self) -> None:
        from twisted.internet import reactor

        # Scrapy installs its own handlers while the reactor starts up; ours go before them.
        call_later: Callable[..., object] = reactor.callLater
        call_later(0, self._stand_before_handlers)

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        when = f"while reading {response.url}" if response is not None else "at the start"
        self.begin(Crashed(f"{type(failure.value).__name__} {when}: {failure.value}"))

    def _note(self, error: CrawlError) -> CrawlError:
        """The reason why the crawl ends: this one, unless there was one before."""
        if self.error is None:
            self.error = error
            logger.error("The crawl ends (%s): %s", error.reason, error)
        return self.error

    def _stand_before_handlers(self) -> None:
        for number, meaning in _MEANINGS.items():
            following = signal.getsignal(number)
            if callable(following):
                self._stand_before(number, meaning, following)

    def _stand_before(
        self, number: int, meaning: CrawlStopped, following: Callable[[int, FrameType | None], Any]
    ) -> None:
        from twisted.internet import reactor

        def note(signum: int, frame: FrameType | None) -> None:
            if self.error is None:
                self.signal = signal.Signals(signum).name
            reactor.callFromThread(self.begin, meaning)
            threading.Thread(target=self.end_by_force, args=(self._grace,), daemon=True).start()
            following(signum, frame)

        signal.signal(number, note)


def ending_of(crawler: Crawler) -> Ending:
    """The crawler's :class:`Ending`, which the project's settings always load."""
    extension = crawler.get_extension(Ending)
    assert extension is not None
    return extension


def unexplained(reason: str) -> CrawlStopped:
    """Why Scrapy closed a spider where nothing else says so."""
    if reason == "finished":
        return Crashed("it came to a halt before the end")
    return Interrupted(f"Scrapy closed the spider ({reason}) before the list was whole")
