"""Stops a spider when its parent process has gone; Scrapyd does not stop its jobs when it dies."""

import os
import threading
import time
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from category_crawler.errors import Interrupted
from category_crawler.extensions.stopping import stopping_of
from category_crawler.process_watch import PARENT

_POLL_SECONDS = 0.5
_CLOSING_SECONDS = 2.0


class ParentWatch:
    """An extension that stops the crawl once the parent has gone, by force if necessary."""

    def __init__(self, crawler: Crawler) -> None:
        parent = os.environ.get(PARENT, "")
        if not parent.isdigit():
            raise NotConfigured
        self._crawler = crawler
        self._parent = int(parent)
        # Watch now, not when the engine starts: that can take seconds.
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _watch(self) -> None:
        while os.getppid() == self._parent:
            time.sleep(_POLL_SECONDS)
        try:
            stopping = stopping_of(self._crawler)
        except RuntimeError:
            # Scrapy is still loading its components: nothing has been requested or written.
            os._exit(1)
        stopping.stop_or_kill(
            Interrupted("The process that started the spider is gone"), _CLOSING_SECONDS
        )
