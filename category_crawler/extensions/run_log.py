"""Writes what happens in a run besides finished pages: retries, waits, doubtful pages."""

from typing import Self

from scrapy.crawler import Crawler

from category_crawler.crawl.category_crawl import CategoryCrawl
from category_crawler.extensions import signals
from category_crawler.listing_url import ListingURL
from category_crawler.run.events import EventKind
from category_crawler.spiders.category import CategorySpider


class RunLog:
    """An extension that adds lines to ``events.jsonl``; :mod:`.run_end` adds the last one."""

    def __init__(self, crawler: Crawler) -> None:
        crawler.signals.connect(self.crawl_opened, signal=signals.crawl_opened)
        crawler.signals.connect(self.pause_started, signal=signals.pause_started)
        crawler.signals.connect(self.page_doubted, signal=signals.page_doubted)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def crawl_opened(self, crawl: CategoryCrawl) -> None:
        has_pages = crawl.plan.pages_finished > 0
        crawl.note(EventKind.CONTINUED if has_pages else EventKind.BEGAN)

    def pause_started(
        self,
        spider: CategorySpider,
        seconds: float,
        reason: str,
        shared: bool = False,
        listing: ListingURL | None = None,
    ) -> None:
        if spider.crawl is None:
            return
        is_retry = listing is not None and not shared
        kind = EventKind.RETRIED if is_retry else EventKind.WAITED
        spider.crawl.note(kind, reason, seconds, listing)

    def page_doubted(self, crawl: CategoryCrawl, listing: ListingURL, again: bool) -> None:
        crawl.note(EventKind.DOUBTED if again else EventKind.UNREAD, listing=listing)
