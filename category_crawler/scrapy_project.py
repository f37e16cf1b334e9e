"""Makes Scrapy find this project, which has no ``scrapy.cfg`` where it comes from a wheel."""

import os
from collections.abc import Sequence

SETTINGS = "category_crawler.settings"
_VARIABLE = "SCRAPY_SETTINGS_MODULE"


def use_project() -> None:
    """Have Scrapy take this project's settings, in this process and its children."""
    os.environ[_VARIABLE] = SETTINGS


def run_scrapy(words: Sequence[str]) -> None:
    """Run a command of Scrapy's, such as ``crawl category``; ends the process with its code."""
    use_project()
    # It takes a third of a second to load.
    from scrapy.cmdline import execute

    execute(["scrapy", *words])
