"""A time limit for delivery jobs: no page and no browser that hangs keeps a slot for ever."""

import threading
import time
from typing import Self

from scrapy.crawler import Crawler

from category_crawler.errors import TookTooLong
from category_crawler.extensions.stopping import ending_of

_CLOSING_SECONDS = 3.0


class TimeLimit:
    """An extension that ends a job after ``DELIVERY_TIMEOUT`` seconds, by force if need be."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._seconds = crawler.settings.getfloat("DELIVERY_TIMEOUT")
        # A thread of its own: where the reactor hangs, none of its timers comes.
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _watch(self) -> None:
        time.sleep(self._seconds)
        error = TookTooLong(
            f"the delivery job did not end within {self._seconds:.0f} s (DELIVERY_TIMEOUT): the "
            "shop's page or the browser does not answer; try again later"
        )
        ending_of(self._crawler).insist(error, _CLOSING_SECONDS)
