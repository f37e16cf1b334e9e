"""A time limit for delivery jobs, so that a hanging page or browser does not block a slot."""

import threading
import time
from typing import Self

from scrapy.crawler import Crawler

from category_crawler.errors import TookTooLong
from category_crawler.extensions.stopping import stopping_of

_CLOSING_SECONDS = 3.0


class TimeLimit:
    """An extension that stops a job after ``DELIVERY_TIMEOUT`` seconds, by force if necessary."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._seconds = crawler.settings.getfloat("DELIVERY_TIMEOUT")
        # A thread, because a reactor that hangs fires no timers.
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _watch(self) -> None:
        time.sleep(self._seconds)
        error = TookTooLong(
            f"the delivery job did not finish within {self._seconds:.0f} s (DELIVERY_TIMEOUT): "
            "the shop's page or the browser does not answer; try again later"
        )
        stopping_of(self._crawler).stop_or_kill(error, _CLOSING_SECONDS)
