"""Where a run stands, written while it goes on."""

import logging
from time import monotonic
from typing import Self

from scrapy.crawler import Crawler

from category_crawler.crawl.category_crawl import CategoryCrawl
from category_crawler.errors import (
    StorageFailed,
)
from category_crawler.extensions import signals
from category_crawler.run.journal import PageRecord
from category_crawler.run.records import Pause, Progress
from category_crawler.spiders.category import CategorySpider
from category_crawler.times import utc_now

logger = logging.getLogger(__name__)


REPORT_EVERY = 1.0
"""Seconds between two writings of the progress."""


class RunProgress:
    """Keeps ``progress.json`` true, writing it at most once a second."""

    def __init__(self, crawler: Crawler) -> None:
        self._reported = -REPORT_EVERY
        self._shared_pause: Pause | None = None
        self._shared_until = 0.0
        """When that pause is over, by the monotonic clock."""
        crawler.signals.connect(self.page_finished, signal=signals.page_finished)
        crawler.signals.connect(self.pause_started, signal=signals.pause_started)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def page_finished(self, crawl: CategoryCrawl, record: PageRecord) -> None:
        logger.info(
            "Page %s of about %s: %s results, %s new, %s kept",
            crawl.plan.pages_finished,
            crawl.plan.total_pages or "?",
            len(record.asins),
            record.new,
            crawl.run.kept,
        )
        if monotonic() - self._reported >= REPORT_EVERY:
            self._report(crawl)

    def pause_started(
        self, spider: CategorySpider, seconds: float, reason: str, shared: bool = False
    ) -> None:
        logger.info("Waiting %.0f s before the next try: %s", seconds, reason)
        pause = Pause(seconds=seconds, reason=reason, since=utc_now())
        if shared:
            self._shared_pause, self._shared_until = pause, monotonic() + seconds
        if spider.crawl is not None:
            self._report(spider.crawl, pause)

    def _report(self, crawl: CategoryCrawl, pause: Pause | None = None) -> None:
        self._reported = monotonic()
        # Pages that were on their way when the others began to wait come all the same.
        shared = self._shared_pause if self._reported < self._shared_until else None
        try_to_report(crawl, crawl.progress.waiting(pause or shared))


def try_to_report(crawl: CategoryCrawl, progress: Progress) -> None:
    """The rows count, not the progress: a disk that is full will refuse them soon enough."""
    try:
        crawl.run.report(progress)
    except StorageFailed as error:
        logger.warning("%s", error)
