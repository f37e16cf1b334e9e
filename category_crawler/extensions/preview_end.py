"""Writes a preview's report, and stops one that takes too long."""

import logging
from typing import Self

from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler

from category_crawler.extensions.stopping import stopping_of, unexplained
from category_crawler.extensions.time_limit import TimeLimit
from category_crawler.run.preview_report import PreviewReport, write_preview
from category_crawler.spiders.preview import PreviewSpider

logger = logging.getLogger(__name__)


class PreviewEnd:
    """An extension that writes the report if the spider was given a name for it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.spider_opened, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: PreviewSpider) -> None:
        stopping_of(self.crawler).on_forced_exit = lambda: self._report(spider)

    def spider_closed(self, spider: PreviewSpider, reason: str) -> None:
        stopping = stopping_of(self.crawler)
        if stopping.error is None and spider.result is None:
            stopping.stop(unexplained(reason))
        self._report(spider)

    def _report(self, spider: PreviewSpider) -> None:
        error = stopping_of(self.crawler).error
        report = PreviewReport.failed(error, spider.session_version) if error else spider.result
        if not spider.report or report is None:
            return
        try:
            write_preview(spider.report, report)
        except OSError as trouble:
            logger.error("The report could not be written: %s", trouble)


class PreviewTimeLimit(TimeLimit):
    """An extension that stops a preview in time, by force if necessary."""

    setting = "PREVIEW_TIMEOUT"
    too_long = (
        "the preview did not finish within {seconds:.0f} s (PREVIEW_TIMEOUT): the shop does not "
        "answer, or answers with errors; try again later"
    )
