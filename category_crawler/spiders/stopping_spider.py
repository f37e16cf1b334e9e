"""The base of the project's spiders."""

from collections.abc import Mapping
from typing import ClassVar

from scrapy import Spider
from scrapy.settings import BaseSettings

from category_crawler.extensions.stopping import Stopping, stopping_of
from category_crawler.job import unknown_argument
from category_crawler.pace.turns import leave_delay_to_turns


class StoppingSpider(Spider):
    """A spider that can stop early with a reason, and has extensions of its own."""

    own_extensions: ClassVar[dict[str, int]] = {}
    """Extensions for this spider only, in addition to those in the settings."""
    known_arguments: ClassVar[tuple[str, ...]] = ()
    """Names of its ``-a`` arguments."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        extensions = cls.own_extensions | settings.getdict("EXTENSIONS")
        settings.set("EXTENSIONS", extensions, priority="spider")
        leave_delay_to_turns(settings)

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, str]) -> None:
        """Raise CrawlError if a crawl with these ``-a`` arguments cannot start."""
        for name in arguments:
            if name not in (*cls.known_arguments, "_job"):
                raise unknown_argument(name, cls.known_arguments)

    @property
    def stopping(self) -> Stopping:
        return stopping_of(self.crawler)

    @property
    def final_message(self) -> str:
        """The message that ``scrapy crawl`` prints when the spider closes."""
        return ""
