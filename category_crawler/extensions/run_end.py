"""How a run ended, written beside its rows."""

import logging
from dataclasses import replace
from typing import Self

from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler

from category_crawler.crawl.category_crawl import CategoryCrawl
from category_crawler.crawl.refusal import refuse_job
from category_crawler.errors import (
    RunError,
    RunExists,
    RunLocked,
    StorageFailed,
)
from category_crawler.extensions.run_progress import try_to_report
from category_crawler.extensions.stopping import Ending, ending_of, unexplained
from category_crawler.run.records import SessionUsed, Summary
from category_crawler.spiders.category import CategorySpider
from category_crawler.times import utc_now

logger = logging.getLogger(__name__)


class RunEnd:
    """Writes how the run ended: the result file and summary, or the reason it failed."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.spider_opened, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: CategorySpider) -> None:
        ending_of(self.crawler).last_will = lambda: self._end_by_force(spider)

    def spider_closed(self, spider: CategorySpider, reason: str) -> None:
        ending = ending_of(self.crawler)
        crawl = spider.crawl
        if crawl is None:
            _say_why_it_did_not_begin(spider, ending)
            return
        if ending.error is None and not (reason == "finished" and crawl.is_over):
            ending.begin(unexplained(reason))
        try_to_report(crawl, crawl.progress)
        try:
            _write_end(crawl, ending)
        except StorageFailed as error:
            logger.error("How the run ended could not be noted: %s", error)
            ending.begin(error)
        crawl.run.close()

    def _end_by_force(self, spider: CategorySpider) -> None:
        """From a thread of its own, where the spider hangs: so it writes nothing any more."""
        ending, crawl = ending_of(self.crawler), spider.crawl
        if crawl is not None and ending.error is not None:
            crawl.run.end(_summary(crawl, ending))


def _write_end(crawl: CategoryCrawl, ending: Ending) -> None:
    """Write the result file and the summary. Raises StorageFailed where there is no summary."""
    if ending.error is None:
        try:
            crawl.run.finish(_summary(crawl, ending))
        except StorageFailed as error:
            ending.begin(error)
        else:
            return
    crawl.run.end(_summary(crawl, ending))


def _say_why_it_did_not_begin(spider: CategorySpider, ending: Ending) -> None:
    """For whoever had the job run; of a run that is another spider's, or over, nothing is said."""
    error = ending.error
    if not spider.job or not spider.run or error is None:
        return
    if isinstance(error, RunLocked | RunExists):
        return
    try:
        refuse_job(spider.name, spider.job, spider.run, error)
    except (OSError, RunError) as trouble:
        logger.error("How the run ended could not be noted: %s", trouble)


def _summary(crawl: CategoryCrawl, ending: Ending) -> Summary:
    error = ending.error
    coverage = crawl.coverage
    return Summary(
        stage="done" if error is None else "failed",
        failed_reason=None if error is None else error.reason,
        failed_message=None if error is None else str(error),
        signal=ending.signal,
        asin_count=crawl.run.kept,
        coverage=coverage if error is None else replace(coverage, complete=False, why=str(error)),
        warnings=crawl.warnings,
        session=_session_used(crawl),
        started_at=crawl.started_at,
        finished_at=utc_now(),
    )


def _session_used(crawl: CategoryCrawl) -> SessionUsed | None:
    session = crawl.session
    if session is None:
        return None
    return SessionUsed(domain=session.domain, postcode=session.postcode, version=session.version)
