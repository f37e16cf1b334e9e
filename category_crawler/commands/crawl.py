"""``scrapy crawl`` with checks before it starts, exit codes of its own and a final message."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress

from scrapy import Spider
from scrapy.commands import crawl
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.conf import arglist_to_dict
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from category_crawler import settings as project
from category_crawler.errors import CrawlError, CrawlStopped, InvalidJob
from category_crawler.extensions.stopping import Stopping, stopping_of
from category_crawler.log_lines import ids_of_job, set_process_ids
from category_crawler.misspelling import known_names
from category_crawler.setting_kinds import check_settings
from category_crawler.spiders.stopping_spider import StoppingSpider

logger = logging.getLogger(__name__)


class Command(crawl.Command):
    """Exit code 0: the crawl finished; 1: it stopped early; 2: it could not start."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Refuse wrong settings and arguments in one sentence, before Scrapy writes its log."""
        super().process_options(args, opts)
        if len(args) != 1:
            raise UsageError("name one spider: scrapy crawl category -a category_url=…")
        try:
            level = {"LOG_LEVEL": opts.loglevel} if opts.loglevel else {}
            check_settings(arglist_to_dict(opts.set) | level, project.own)
            # Why a job of Scrapyd cannot start goes into its summary, which its spider writes.
            if "_job" not in opts.spargs:
                self._spider(args[0]).check_arguments(opts.spargs)
            set_process_ids({"spider": args[0], **_ids(opts.spargs)})
        except CrawlError as error:
            print(f"Cannot start: {error}", file=sys.stderr)
            sys.exit(2)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider. Raises what kept a job of Scrapyd from starting."""
        assert self.crawler_process is not None
        crawler = self._create_crawler(args[0])
        crawling = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        if error := _error_of(crawling):
            self._end_unstarted(error, is_job="_job" in opts.spargs)
            return
        if self.crawler_process.bootstrap_failed:
            self.exitcode = 1
            print("Stopped before it started.", file=sys.stderr)
            return
        stopping = stopping_of(crawler)
        if stopping.error is not None:
            self.exitcode = 1 if isinstance(stopping.error, CrawlStopped) else 2
        # Scrapyd, which reads it, may have died meanwhile.
        with suppress(BrokenPipeError):
            print(_final_message(crawler, stopping), file=sys.stderr)

    def _spider(self, name: str) -> type[StoppingSpider]:
        assert self.settings is not None
        spiders = get_spider_loader(self.settings)
        if name not in spiders.list():
            raise InvalidJob(f"there is no spider {name!r}: {known_names(name, spiders.list())}")
        spider: type[Spider] = spiders.load(name)
        assert issubclass(spider, StoppingSpider)
        return spider

    def _end_unstarted(self, error: BaseException, *, is_job: bool) -> None:
        if is_job:
            raise error
        self.exitcode = 2
        logger.error("The spider could not start", exc_info=error)
        print(f"Cannot start: {type(error).__name__}: {error}", file=sys.stderr)


def _ids(given: Mapping[str, str]) -> dict[str, str]:
    """The ids that belong to every line of a spider with these arguments."""
    if job := given.get("_job"):
        return ids_of_job(job)
    run = given.get("run") or given.get("resume")
    return {"run": run} if run else {}


def _error_of(crawling: object) -> BaseException | None:
    """What ended Scrapy's task; None if it went well, or a signal stopped the loop before it."""
    # Scrapy's process without an asyncio loop (FORCE_CRAWLER_PROCESS) has a Deferred for the task.
    if isinstance(crawling, Deferred):
        failure = getattr(crawling, "result", None)
        return failure.value if isinstance(failure, Failure) else None
    if not isinstance(crawling, asyncio.Task) or not crawling.done() or crawling.cancelled():
        return None
    return crawling.exception()


def _final_message(crawler: Crawler, stopping: Stopping) -> str:
    kept = getattr(crawler.spider, "final_message", "")
    if stopping.error is not None:
        return f"Stopped early ({stopping.error.reason}): {stopping.error}. {kept}".rstrip()
    return f"Done. {kept}".rstrip()
