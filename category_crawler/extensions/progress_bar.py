"""The progress bar of a crawl that was started in a terminal."""

import sys
from typing import Self

from scrapy import signals as scrapy_signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from category_crawler.crawl.category_crawl import CategoryCrawl
from category_crawler.extensions import signals


class ProgressBar:
    """An extension that draws the bar if standard error is a terminal."""

    def __init__(self, crawler: Crawler) -> None:
        if not sys.stderr.isatty():
            raise NotConfigured
        # Scrapyd jobs have no terminal and start faster without this import.
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
            total=crawl.total_pages,
            products=crawl.run.kept,
        )

    def pause_started(self, seconds: float, reason: str) -> None:
        self._bar.update(self._task, description=f"Waiting {seconds:.0f} s ({reason})")
