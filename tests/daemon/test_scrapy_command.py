"""What a Scrapyd job imports."""

import subprocess
import sys

from category_crawler.files.home import PROJECT
from tests.crawls import Home

USED_BY_OTHERS = {
    "aiohttp",  # Scrapy's remote control
    "api",
    "flask",
    "playwright",
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
    job = home.command()[3:]
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
