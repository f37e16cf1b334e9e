"""Stops a crawl before its list is complete, and records why."""

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
from category_crawler.process_watch import PARENT

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SIGNAL_ERRORS: dict[int, CrawlStopped] = {
    # Scrapyd's cancel, its console's button and Ctrl-C send SIGINT; a service manager that stops
    # all services sends SIGTERM.
    signal.SIGINT: Cancelled("Cancelled by user"),
    signal.SIGTERM: Interrupted("The process was asked to end (TERM) before the list was whole"),
}


class Stopping:
    """An extension that stops the crawl; only the first reason is kept.

    The first signal gives the spider ``CANCEL_GRACE`` seconds to close. A job of Scrapyd ignores
    every further one; in a terminal, Scrapy exits at the second.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.error: CrawlError | None = None
        """Why the crawl stops; None while nothing stops it."""
        self.signal: str | None = None
        """Name of the signal that stopped the crawl, such as ``SIGTERM``."""
        self.on_forced_exit: Callable[[], None] = lambda: None
        """Called just before the process exits because the spider did not close in time."""
        self._stopped = asyncio.Event()
        self._grace = crawler.settings.getfloat("CANCEL_GRACE")
        self._is_signalled = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        connect = crawler.signals.connect
        connect(extension.watch_signals, signal=signals.engine_started)
        connect(extension.spider_error, signal=signals.spider_error)
        return extension

    def stop(self, error: CrawlError) -> None:
        """Record why the crawl stops, and ask Scrapy to close the spider."""
        reason = self._record(error).reason
        self._stopped.set()
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))

    def stop_or_kill(self, error: CrawlError, seconds: float) -> None:
        """Stop the crawl; exit the process if the spider has not closed after ``seconds``.

        Call it from a thread of its own, because it blocks.
        """
        from twisted.internet import reactor

        # Recorded here because a reactor that hangs never calls stop.
        self._record(error)
        reactor.callFromThread(self.stop, error)
        self.exit_after(seconds)

    def exit_after(self, seconds: float) -> None:
        """Wait for the spider to close, then exit the process with code 1.

        A hanging request can delay closing without limit. Rows are on disk by then.
        """
        time.sleep(seconds)
        logger.error("The spider did not close within %.0f s; exiting", seconds)
        try:
            self.on_forced_exit()
        finally:
            os._exit(1)

    async def stops_within(self, seconds: float) -> bool:
        """Wait ``seconds``, or less if the crawl stops; True if it stopped."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``. If the crawl stops first, cancel it and raise Interrupted."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
            raise Interrupted("The crawl is stopping")
        return working.result()

    def watch_signals(self) -> None:
        from twisted.internet import reactor

        # Scrapy installs its handlers while the reactor starts; ours must wrap them.
        call_later: Callable[..., object] = reactor.callLater
        call_later(0, self._wrap_handlers)

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        when = f"while reading {response.url}" if response is not None else "at the start"
        self.stop(Crashed(f"{type(failure.value).__name__} {when}: {failure.value}"))

    def _record(self, error: CrawlError) -> CrawlError:
        """Keep the error if it is the first; return the first."""
        if self.error is None:
            self.error = error
            logger.error("The crawl stops (%s): %s", error.reason, error)
        return self.error

    def _wrap_handlers(self) -> None:
        for number, error in _SIGNAL_ERRORS.items():
            scrapys = signal.getsignal(number)
            if callable(scrapys):
                self._wrap_handler(number, error, scrapys)

    def _wrap_handler(
        self, number: int, error: CrawlStopped, scrapys: Callable[[int, FrameType | None], Any]
    ) -> None:
        from twisted.internet import reactor

        # A person who presses Ctrl-C twice wants to leave at once, and Scrapy does that. Scrapyd's
        # jobs are cancelled by several clients, each of which may repeat its call.
        is_job = PARENT in os.environ

        def handle(signum: int, frame: FrameType | None) -> None:
            if is_job and self._is_signalled:
                return
            self._is_signalled = True
            if self.error is None:
                self.signal = signal.Signals(signum).name
            reactor.callFromThread(self.stop, error)
            threading.Thread(target=self.exit_after, args=(self._grace,), daemon=True).start()
            if not is_job:
                scrapys(signum, frame)

        signal.signal(number, handle)


def stopping_of(crawler: Crawler) -> Stopping:
    """The crawler's :class:`Stopping`; the project's settings always load it."""
    extension = crawler.get_extension(Stopping)
    assert extension is not None
    return extension


def unexplained(reason: str) -> CrawlStopped:
    """The error for a spider that Scrapy closed without an error of ours."""
    if reason == "finished":
        return Crashed("the crawl stopped before the end of its plan")
    return Interrupted(f"Scrapy closed the spider ({reason}) before the list was whole")
