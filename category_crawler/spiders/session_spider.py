"""The base of the spiders that are about one delivery session."""

from collections.abc import Mapping
from typing import ClassVar

from category_crawler.delivery.session import DeliverySession, place
from category_crawler.domain_config import Marketplace
from category_crawler.spiders.stopping_spider import StoppingSpider


class SessionSpider(StoppingSpider):
    """A spider with a domain, a postcode, a report at its end and a time limit."""

    known_arguments: ClassVar[tuple[str, ...]] = ("domain", "postcode", "report")
    own_extensions: ClassVar = {
        "category_crawler.extensions.delivery_end.DeliveryEnd": 300,
        "category_crawler.extensions.time_limit.TimeLimit": 400,
    }
    # A user waits for this job and can start it again. Scrapy does not type it as a ClassVar.
    custom_settings = {"BLOCK_PAUSE": 0}  # noqa: RUF012

    def __init__(
        self, domain: str = "", postcode: str = "", report: str = "", _job: str = "", **more: str
    ) -> None:
        super().__init__()
        self.domain, self.postcode = domain, postcode
        self.report = report or _job
        self._more = more
        """Arguments that the spider does not know."""
        self.suburbs: list[str] = []
        """The suburbs that the shop offered; empty where it asks for none."""
        self.session: DeliverySession | None = None
        """The session; None until it is made, or until the shop has confirmed its postcode."""

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, str]) -> None:
        super().check_arguments(arguments)
        place(arguments.get("domain", ""), arguments.get("postcode", ""))

    def take_place(self) -> Marketplace:
        """The marketplace; the postcode is in its one form afterwards. Raises InvalidJob."""
        self.check_arguments({"domain": self.domain, "postcode": self.postcode} | self._more)
        shop, self.postcode = place(self.domain, self.postcode)
        return shop
