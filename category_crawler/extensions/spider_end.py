"""The base of extensions that write down what became of a spider."""

from typing import Generic, Self, TypeVar

from scrapy import Spider
from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler

from category_crawler.extensions.stopping import stopping_of

S = TypeVar("S", bound=Spider)


class SpiderEnd(Generic[S]):
    """Writes when the spider closes, and when it hangs and is forced to exit."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.spider_opened, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: S) -> None:
        stopping_of(self.crawler).on_forced_exit = lambda: self.write(spider)

    def spider_closed(self, spider: S, reason: str) -> None:
        """Finish what the spider has begun, and write."""
        raise NotImplementedError

    def write(self, spider: S) -> None:
        """Write what is known. A forced exit calls it in another thread, while the spider hangs."""
        raise NotImplementedError
