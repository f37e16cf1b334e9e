"""What the project's spiders share: extensions of their own, and a word on how they end."""

from typing import ClassVar

from scrapy import Spider
from scrapy.settings import BaseSettings

from category_crawler.extensions.stopping import Ending, ending_of


class EndingSpider(Spider):
    """A spider that says why it ends."""

    own_extensions: ClassVar[dict[str, int]] = {}
    """Extensions for this spider only, beside those of the settings."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        extensions = cls.own_extensions | settings.getdict("EXTENSIONS")
        settings.set("EXTENSIONS", extensions, priority="spider")

    @property
    def ending(self) -> Ending:
        return ending_of(self.crawler)

    @property
    def last_word(self) -> str:
        """What a person at the terminal hears at the end."""
        return ""
