"""What a Scrapyd job imports."""

import subprocess
import sys

import pytest

from category_crawler.daemon.scrapy_command import last_words
from category_crawler.errors import RunError
from category_crawler.fault import Fault, WrongFields
from category_crawler.files.home import PROJECT
from tests.crawls import Home

USED_BY_OTHERS = {
    "aiohttp",  # Scrapy's remote control
    "api",
    "flask",
    "playwright",
    "redis",  # of clusters
    "rich",
    "scrapy_playwright",
    "scrapyd",
    "scrapyd_client",
    "sqlite_utils",
    "twisted.conch",  # Scrapy's telnet console
    "waitress",
}
_RUN_AND_TELL = """\
import runpy, sys
try:
    runpy.run_module("category_crawler.daemon.scrapy_command", run_name="__main__")
except SystemExit as end:
    assert not end.code, end
print(*sys.modules, sep="\\n")
"""


def test_a_category_job_loads_nothing_that_it_does_not_use(home: Home) -> None:
    job = home.command()[1:]
    told = subprocess.run(
        [sys.executable, "-c", _RUN_AND_TELL, *job],
        cwd=PROJECT,
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    loaded = set(told.stdout.split())
    assert "category_crawler.spiders.category" in loaded, told.stderr
    assert not USED_BY_OTHERS & loaded


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (WrongFields([Fault("domain", "domain is wrong")]), "invalid_job", "domain is wrong"),
        (RunError("/srv/results/1/2 is damaged"), "invalid_run", "2 is damaged"),
        (
            ValueError("bad value\nin /opt/app/x.py"),
            "crashed",
            "the spider could not start: ValueError: bad value in x.py",
        ),
        (KeyError(), "crashed", "the spider could not start: KeyError"),
    ],
)
def test_last_words_are_one_line_without_folders(error: Exception, reason: str, said: str) -> None:
    words = last_words(error)
    assert (words.reason, str(words)) == (reason, said)
