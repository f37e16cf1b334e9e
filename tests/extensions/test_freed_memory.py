"""The process keeps the memory that a page has freed."""

import platform
import subprocess
import sys

import pytest

_READ_AGAIN = """\
import resource, sys
from selectolax.lexbor import LexborHTMLParser

from category_crawler.extensions.freed_memory import ReuseFreedMemory

if sys.argv[1] == "kept":
    ReuseFreedMemory()
page = b"<div class=a><span>text</span></div>" * 40_000
LexborHTMLParser(page)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    LexborHTMLParser(page)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc is told")
def test_a_second_page_is_read_in_the_memory_of_the_first() -> None:
    given_back, kept = (_pages_touched_anew(how) for how in ("given back", "kept"))
    assert kept < given_back / 10


def _pages_touched_anew(how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", _READ_AGAIN, how],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(told.stdout)
