"""How many jobs Scrapyd runs at the same time, and how often it looks into its queue."""

import os
from math import isfinite

from category_crawler.errors import InvalidSetting


def slots_per_core() -> int:
    """``SCRAPYD_MAX_PROC_PER_CPU``, else 2; with 0 no job runs. Raises InvalidSetting."""
    text = os.environ.get("SCRAPYD_MAX_PROC_PER_CPU", "2")
    if not (text.isascii() and text.isdigit()):
        raise InvalidSetting(f"SCRAPYD_MAX_PROC_PER_CPU is {text!r}: it must be a whole number")
    return int(text)


def poll_interval() -> float:
    """``SCRAPYD_POLL_INTERVAL`` in seconds, else 0.5. Raises InvalidSetting."""
    text = os.environ.get("SCRAPYD_POLL_INTERVAL", "0.5")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not (isfinite(seconds) and seconds > 0):
        raise InvalidSetting(
            f"SCRAPYD_POLL_INTERVAL is {text!r}: it must be a number of seconds above 0"
        )
    return seconds
