"""Runs one Scrapy command for Scrapyd; unlike Scrapyd's own runner it needs no setuptools.

A job that dies before its spider can write a summary has its last words recorded here, for the API.
"""

import re
import sys
from itertools import pairwise

from scrapy.cmdline import execute
from scrapy.utils.conf import arglist_to_dict

from category_crawler.crawl.failed_start import record_failed_job
from category_crawler.errors import Crashed, CrawlError, InvalidSetting

_FOLDERS = re.compile(r"(?<![\w.])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"]+[/\\])*")
"""The folders of an absolute path."""
_LONGEST = 500
"""Characters."""


def main() -> None:
    """Run the command of ``sys.argv``; record what ends it before its spider has started."""
    words = sys.argv[1:]
    try:
        execute()
    except (OSError, MemoryError):
        # Trouble of the machine may pass: with nothing recorded, another attempt follows.
        raise
    except Exception as error:
        _record(words, error)
        raise
    except SystemExit as end:
        # The project's settings are wrong; they exit with a sentence.
        if isinstance(end.code, str):
            _record(words, InvalidSetting(end.code))
        raise


def last_words(error: BaseException) -> CrawlError:
    """An exception as the error of a job that could not start, without paths."""
    if isinstance(error, CrawlError):
        error.args = (without_folders(str(error)),)
        return error
    name = type(error).__name__
    line = without_folders(" ".join(str(error).split()))[:_LONGEST]
    return Crashed(f"the spider could not start: {name}{': ' * bool(line)}{line}")


def without_folders(sentence: str) -> str:
    """A sentence whose absolute paths are shortened to the names of their files."""
    return _FOLDERS.sub("", sentence)


def _record(words: list[str], error: BaseException) -> None:
    given = arglist_to_dict([value for flag, value in pairwise(words) if flag == "-a"])
    if job := given.get("_job"):
        record_failed_job(words[1], job, given.get("run", ""), last_words(error))


if __name__ == "__main__":
    main()
