"""Writes a delivery job's report, for the process that started it."""

from category_crawler.delivery.report import DeliveryReport, write_report
from category_crawler.extensions.spider_end import SpiderEnd
from category_crawler.extensions.stopping import Stopping, stopping_of, unexplained
from category_crawler.spiders.session_spider import SessionSpider
from category_crawler.times import utc_now


class DeliveryEnd(SpiderEnd[SessionSpider]):
    """An extension that writes the report if the spider was given a name for it."""

    def spider_closed(self, spider: SessionSpider, reason: str) -> None:
        stopping = stopping_of(self.crawler)
        if stopping.error is None and spider.session is None:
            stopping.stop(unexplained(reason))
        self.write(spider)

    def write(self, spider: SessionSpider) -> None:
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
