"""What a shop's pace needs to be known."""

import subprocess
import sys


def test_the_pace_is_told_without_loading_a_crawler() -> None:
    code = (
        "import sys; from category_crawler.pace.delay import seconds_between; "
        "print(seconds_between('www.amazon.com.au'), 'scrapy.crawler' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["2.0", "False"]
