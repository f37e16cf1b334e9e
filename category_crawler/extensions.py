"""Extensions: what a run writes beside its rows, and what a person sees of it."""

import logging
import sys
from dataclasses import replace
from time import monotonic
from typing import Self

from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from category_crawler import signals
from category_crawler.crawl import CategoryCrawl
from category_crawler.delivery_report import DeliveryReport, write_report
from category_crawler.ending import Ending, ending_of
from category_crawler.errors import (
    Crashed,
    CrawlStopped,
    Interrupted,
    RunError,
    RunExists,
    RunLocked,
    StorageFailed,
)
from category_crawler.journal import PageRecord
from category_crawler.refusal import refuse_job
from category_crawler.run import utc_now
from category_crawler.run_records import Pause, Progress, SessionUsed, Summary
from category_crawler.spiders.category import CategorySpider
from category_crawler.spiders.delivery import DeliverySpider
from category_crawler.spiders.delivery_check import DeliveryCheckSpider

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
        _try_to_report(crawl, crawl.progress.waiting(pause or shared))


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
            ending.begin(_unexplained(reason))
        _try_to_report(crawl, crawl.progress)
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


def _try_to_report(crawl: CategoryCrawl, progress: Progress) -> None:
    """The rows count, not the progress: a disk that is full will refuse them soon enough."""
    try:
        crawl.run.report(progress)
    except StorageFailed as error:
        logger.warning("%s", error)


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


def _delivery_report(
    spider: DeliverySpider | DeliveryCheckSpider, ending: Ending
) -> DeliveryReport:
    error = ending.error
    about = spider.session.about if spider.session is not None else {}
    return DeliveryReport(
        stage="done" if error is None else "failed",
        location=about.get("location"),
        suburb=about.get("suburb"),
        failed_reason=error.reason if error else None,
        failed_message=str(error) if error else None,
        finished_at=utc_now(),
    )


def _unexplained(reason: str) -> CrawlStopped:
    if reason == "finished":
        return Crashed("it came to a halt before the end")
    return Interrupted(f"Scrapy closed the spider ({reason}) before the list was whole")


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


class DeliveryEnd:
    """Says how a delivery job ended, where whoever started it has named a place for that."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.spider_opened, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: DeliverySpider | DeliveryCheckSpider) -> None:
        ending_of(self.crawler).last_will = lambda: self._report(spider)

    def spider_closed(self, spider: DeliverySpider | DeliveryCheckSpider, reason: str) -> None:
        ending = ending_of(self.crawler)
        if ending.error is None and spider.session is None:
            ending.begin(_unexplained(reason))
        self._report(spider)

    def _report(self, spider: DeliverySpider | DeliveryCheckSpider) -> None:
        if spider.report:
            write_report(spider.report, _delivery_report(spider, ending_of(self.crawler)))


class ProgressBar:
    """Draws the crawl's progress where standard error is a terminal."""

    def __init__(self, crawler: Crawler) -> None:
        if not sys.stderr.isatty():
            raise NotConfigured
        # A job of Scrapyd's has no terminal, and starts sooner without what draws on one.
        from rich import progress as bars
        from rich.console import Console

        self._bar = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("pages, {task.fields[products]} products"),
            bars.TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("Crawling", total=None, products=0)
        crawler.signals.connect(self._bar.start, signal=scrapy_signals.spider_opened)
        crawler.signals.connect(self.page_finished, signal=signals.page_finished)
        crawler.signals.connect(self.pause_started, signal=signals.pause_started)
        crawler.signals.connect(self._bar.stop, signal=scrapy_signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def page_finished(self, crawl: CategoryCrawl) -> None:
        self._bar.update(
            self._task,
            description=f"Node {crawl.job.amazon_node_id}",
            completed=crawl.plan.pages_finished,
            total=crawl.plan.total_pages,
            products=crawl.run.kept,
        )

    def pause_started(self, seconds: float, reason: str) -> None:
        self._bar.update(self._task, description=f"Waiting {seconds:.0f} s ({reason})")
