"""Writes a run's progress while the spider works."""

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
"""Seconds between two writes of the progress."""
DRAW_EVERY = 10.0
"""Seconds between two writes of the price axis, which takes in every product found."""


class RunProgress:
    """An extension that updates ``progress.json``: at most once a second, and at each pause.

    It also updates ``price_axis.json``, less often.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._reported = -REPORT_EVERY
        self._drawn = -DRAW_EVERY
        self._shared_pause: Pause | None = None
        self._shared_until = 0.0
        """End of that pause, by the monotonic clock."""
        crawler.signals.connect(self.crawl_opened, signal=signals.crawl_opened)
        crawler.signals.connect(self.page_finished, signal=signals.page_finished)
        crawler.signals.connect(self.pause_started, signal=signals.pause_started)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def crawl_opened(self, crawl: CategoryCrawl) -> None:
        # Killed before its first page, this attempt hands on what earlier ones have counted.
        if crawl.plan.pages_finished:
            try_to_report(crawl, crawl.progress)

    def page_finished(self, crawl: CategoryCrawl, record: PageRecord) -> None:
        logger.info(
            "Page %s of about %s: %s results, %s new, %s kept",
            crawl.plan.pages_finished,
            crawl.total_pages or "?",
            len(record.asins),
            record.new,
            crawl.run.kept,
        )
        if monotonic() - self._reported >= REPORT_EVERY:
            self._report(crawl)
        if monotonic() - self._drawn >= DRAW_EVERY:
            self._drawn = monotonic()
            try_to_draw(crawl)

    def pause_started(
        self, spider: CategorySpider, seconds: float, reason: str, shared: bool = False
    ) -> None:
        logger.info("Waiting %.0f s before the next attempt: %s", seconds, reason)
        pause = Pause(seconds=seconds, reason=reason, since=utc_now())
        if shared:
            self._shared_pause, self._shared_until = pause, monotonic() + seconds
        if spider.crawl is not None:
            self._report(spider.crawl, pause)

    def _report(self, crawl: CategoryCrawl, pause: Pause | None = None) -> None:
        self._reported = monotonic()
        # Pages requested before a shared pause still arrive during it.
        shared = self._shared_pause if self._reported < self._shared_until else None
        try_to_report(crawl, crawl.progress.waiting(pause or shared))


def try_to_draw(crawl: CategoryCrawl) -> None:
    """Write the price axis; a failure is only logged."""
    try:
        crawl.draw()
    except StorageFailed as error:
        logger.warning("%s", error)


def try_to_report(crawl: CategoryCrawl, progress: Progress) -> None:
    """Write the progress; a failure is only logged, because the rows matter more."""
    try:
        crawl.run.report(progress)
    except StorageFailed as error:
        logger.warning("%s", error)
