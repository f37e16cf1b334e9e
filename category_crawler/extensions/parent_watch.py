"""A spider ends with the process that started it: Scrapyd forgets its children when it dies."""

import os
import threading
import time
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from category_crawler.errors import Interrupted
from category_crawler.extensions.stopping import ending_of
from category_crawler.process_watch import PARENT

_LOOK_EVERY = 0.5
_CLOSING_SECONDS = 2.0


class ParentWatch:
    """An extension that ends the crawl once the parent is gone, by force if need be."""

    def __init__(self, crawler: Crawler) -> None:
        parent = os.environ.get(PARENT, "")
        if not parent.isdigit():
            raise NotConfigured
        self._crawler = crawler
        self._parent = int(parent)
        # From now on, not once the engine runs: a spider may take seconds to come so far.
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _watch(self) -> None:
        while os.getppid() == self._parent:
            time.sleep(_LOOK_EVERY)
        try:
            ending = ending_of(self._crawler)
        except RuntimeError:
            # Scrapy is still putting its parts together: nothing has been asked or written.
            os._exit(1)
        ending.insist(
            Interrupted("The process that had started the spider is gone"), _CLOSING_SECONDS
        )
