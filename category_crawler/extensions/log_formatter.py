"""Formats Scrapy's log lines."""

from typing import Any

from scrapy.logformatter import LogFormatter


class QuietLogFormatter(LogFormatter):
    """Scrapy's formatter without a line per product; the run's folder has every row."""

    def scraped(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """None: Scrapy would build the line even if the log level hides it."""
