"""Writes a delivery job's report, for the process that started it."""

from typing import Self

from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler

from category_crawler.delivery.report import DeliveryReport, write_report
from category_crawler.extensions.stopping import Stopping, stopping_of, unexplained
from category_crawler.spiders.session_spider import SessionSpider
from category_crawler.times import utc_now


class DeliveryEnd:
    """An extension that writes the report if the spider was given a name for it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.spider_opened, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: SessionSpider) -> None:
        stopping_of(self.crawler).on_forced_exit = lambda: self._report(spider)

    def spider_closed(self, spider: SessionSpider, reason: str) -> None:
        stopping = stopping_of(self.crawler)
        if stopping.error is None and spider.session is None:
            stopping.stop(unexplained(reason))
        self._report(spider)

    def _report(self, spider: SessionSpider) -> None:
        if spider.report:
            write_report(spider.report, _delivery_report(spider, stopping_of(self.crawler)))


def _delivery_report(spider: SessionSpider, stopping: Stopping) -> DeliveryReport:
    error = stopping.error
    about = spider.session.about if spider.session is not None else {}
    return DeliveryReport(
        stage="done" if error is None else "failed",
        location=about.get("location"),
        suburb=about.get("suburb"),
        suburbs=spider.suburbs,
        failed_reason=error.reason if error else None,
        failed_message=str(error) if error else None,
        finished_at=utc_now(),
    )
