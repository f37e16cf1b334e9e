"""A time limit for short jobs, so that a hanging page or browser does not block a slot."""

import threading
import time
from typing import Self

from scrapy.crawler import Crawler

from category_crawler.errors import TookTooLong
from category_crawler.extensions.stopping import stopping_of

_CLOSING_SECONDS = 3.0


class TimeLimit:
    """An extension that stops a delivery job in time, by force if necessary."""

    setting = "DELIVERY_TIMEOUT"
    """Holds the seconds."""
    too_long = (
        "the delivery job did not finish within {seconds:.0f} s (DELIVERY_TIMEOUT): the shop's "
        "page or the browser does not answer; try again later"
    )

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._seconds = crawler.settings.getfloat(self.setting)
        # A thread, because a reactor that hangs fires no timers.
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _watch(self) -> None:
        time.sleep(self._seconds)
        error = TookTooLong(self.too_long.format(seconds=self._seconds))
        stopping_of(self._crawler).stop_or_kill(error, _CLOSING_SECONDS)
