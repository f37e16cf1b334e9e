"""Writes a run's result file and summary when the spider closes."""

import logging
from dataclasses import replace

from category_crawler.crawl.category_crawl import CategoryCrawl
from category_crawler.crawl.failed_start import record_failed_job
from category_crawler.errors import RunError, RunExists, RunLocked, StorageFailed
from category_crawler.extensions.run_progress import try_to_draw, try_to_report
from category_crawler.extensions.spider_end import SpiderEnd
from category_crawler.extensions.stopping import Stopping, stopping_of, unexplained
from category_crawler.run.events import EventKind
from category_crawler.run.records import SessionUsed, Summary
from category_crawler.spiders.category import CategorySpider
from category_crawler.times import utc_now

logger = logging.getLogger(__name__)


class RunEnd(SpiderEnd[CategorySpider]):
    """An extension that writes the result file and the summary, or the reason of the failure."""

    def spider_closed(self, spider: CategorySpider, reason: str) -> None:
        stopping = stopping_of(self.crawler)
        crawl = spider.crawl
        if crawl is None:
            _report_failed_start(spider, stopping)
            return
        if stopping.error is None and not (reason == "finished" and crawl.is_over):
            stopping.stop(unexplained(reason))
        try_to_report(crawl, crawl.progress)
        try_to_draw(crawl)
        try:
            _write_end(crawl, stopping)
        except StorageFailed as error:
            logger.error("The summary could not be written: %s", error)
            stopping.stop(error)
        if stopping.error is None:
            crawl.note(EventKind.ENDED)
        else:
            crawl.note(EventKind.STOPPED, str(stopping.error))
        crawl.run.close()

    def write(self, spider: CategorySpider) -> None:
        stopping, crawl = stopping_of(self.crawler), spider.crawl
        if crawl is not None and stopping.error is not None:
            crawl.run.end(_summary(crawl, stopping))


def _write_end(crawl: CategoryCrawl, stopping: Stopping) -> None:
    """Write the result file and the summary. Raises StorageFailed if the summary fails."""
    if stopping.error is None:
        crawl.leave_plan()
        try:
            crawl.run.finish(_summary(crawl, stopping))
        except StorageFailed as error:
            stopping.stop(error)
        else:
            return
    crawl.run.end(_summary(crawl, stopping))


def _report_failed_start(spider: CategorySpider, stopping: Stopping) -> None:
    """Write why the job could not start, unless its run belongs to another spider or is done."""
    error = stopping.error
    if not spider.job or not spider.run or error is None:
        return
    if isinstance(error, RunLocked | RunExists):
        return
    try:
        record_failed_job(spider.name, spider.job, spider.run, error)
    except (OSError, RunError) as trouble:
        logger.error("The summary could not be written: %s", trouble)


def _summary(crawl: CategoryCrawl, stopping: Stopping) -> Summary:
    error = stopping.error
    coverage = crawl.coverage
    return Summary(
        stage="done" if error is None else "failed",
        failed_reason=None if error is None else error.reason,
        failed_message=None if error is None else str(error),
        signal=stopping.signal,
        asin_count=crawl.run.kept,
        coverage=coverage if error is None else replace(coverage, complete=False, why=str(error)),
        warnings=crawl.warnings,
        session=_session_used(crawl),
        node_name=crawl.plan.node_name,
        started_at=crawl.started_at,
        finished_at=utc_now(),
    )


def _session_used(crawl: CategoryCrawl) -> SessionUsed | None:
    session = crawl.session
    if session is None:
        return None
    return SessionUsed(domain=session.domain, postcode=session.postcode, version=session.version)
