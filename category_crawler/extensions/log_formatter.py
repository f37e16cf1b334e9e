"""What Scrapy says in the log of a crawl."""

from typing import Any

from scrapy.logformatter import LogFormatter


class LogLines(LogFormatter):
    """Scrapy's own lines, without one for each product: every row is in the run's folder."""

    def scraped(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Nothing, at any level: Scrapy would make the line even where nobody reads it."""
