"""Writes a preview's report, and stops one that takes too long."""

import logging

from category_crawler.extensions.spider_end import SpiderEnd
from category_crawler.extensions.stopping import stopping_of, unexplained
from category_crawler.extensions.time_limit import TimeLimit
from category_crawler.run.preview_report import PreviewReport, write_preview
from category_crawler.spiders.preview import PreviewSpider

logger = logging.getLogger(__name__)


class PreviewEnd(SpiderEnd[PreviewSpider]):
    """An extension that writes the report if the spider was given a name for it."""

    def spider_closed(self, spider: PreviewSpider, reason: str) -> None:
        stopping = stopping_of(self.crawler)
        if stopping.error is None and spider.result is None:
            stopping.stop(unexplained(reason))
        self.write(spider)

    def write(self, spider: PreviewSpider) -> None:
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
