"""``scrapy crawl`` as Scrapy has it, with an exit code and a last word for the person at it."""

import argparse
import sys

from scrapy import Spider
from scrapy.commands import crawl
from scrapy.crawler import Crawler

from category_crawler.errors import CrawlStopped
from category_crawler.extensions.stopping import Ending


class Command(crawl.Command):
    """Exit code 0: the crawl ended well; 1: it ended early; 2: it could not begin."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        super().run(args, opts)
        ending = self._crawler.get_extension(Ending)
        if ending is not None and ending.error is not None:
            self.exitcode = 1 if isinstance(ending.error, CrawlStopped) else 2
        print(_last_word(self._crawler, ending), file=sys.stderr)

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self._crawler: Crawler = super()._create_crawler(spidercls)
        return self._crawler


def _last_word(crawler: Crawler, ending: Ending | None) -> str:
    if ending is None:
        return "Ended before it began."
    kept = getattr(crawler.spider, "last_word", "")
    if ending.error is not None:
        return f"Ended early ({ending.error.reason}): {ending.error}. {kept}".rstrip()
    return f"Done. {kept}".rstrip()
