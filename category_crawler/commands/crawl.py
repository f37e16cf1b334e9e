"""``scrapy crawl`` with exit codes of its own and a final message on standard error."""

import argparse
import sys

from scrapy import Spider
from scrapy.commands import crawl
from scrapy.crawler import Crawler

from category_crawler.errors import CrawlStopped
from category_crawler.extensions.stopping import Stopping


class Command(crawl.Command):
    """Exit code 0: the crawl finished; 1: it stopped early; 2: it could not start."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        super().run(args, opts)
        stopping = self._crawler.get_extension(Stopping)
        if stopping is not None and stopping.error is not None:
            self.exitcode = 1 if isinstance(stopping.error, CrawlStopped) else 2
        print(_final_message(self._crawler, stopping), file=sys.stderr)

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self._crawler: Crawler = super()._create_crawler(spidercls)
        return self._crawler


def _final_message(crawler: Crawler, stopping: Stopping | None) -> str:
    if stopping is None:
        return "Stopped before it started."
    kept = getattr(crawler.spider, "final_message", "")
    if stopping.error is not None:
        return f"Stopped early ({stopping.error.reason}): {stopping.error}. {kept}".rstrip()
    return f"Done. {kept}".rstrip()
