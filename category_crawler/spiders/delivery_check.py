"""The spider ``delivery_check``: checks whether a session still delivers to its postcode.

``scrapy crawl delivery_check -a domain=amazon.com.au -a postcode=4500`` loads the shop's home page
with the session's cookies, without a browser, and reads the delivery line. The session is lost only
if that line names another place; a block page says nothing about the session.
"""

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from category_crawler.crawl.page_checks import check_block
from category_crawler.delivery.delivery_line import names_postcode
from category_crawler.delivery.session import DeliverySession
from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import (
    CrawlError,
    LocationLost,
    NotAListing,
    RobotsDisallowed,
    Unreachable,
)
from category_crawler.middlewares.decompression import too_large
from category_crawler.middlewares.response import facts_of
from category_crawler.pages import read_page_as
from category_crawler.spiders.session_spider import SessionSpider


class DeliveryCheckSpider(SessionSpider):
    """Checks one delivery session."""

    name = "delivery_check"

    @property
    def final_message(self) -> str:
        """The message that ``scrapy crawl`` prints when the spider closes."""
        return f"The shop delivers to {self.postcode}." if self.session else ""

    async def start(self) -> AsyncIterator[Any]:
        try:
            shop = self.take_place()
            session = DeliverySession.load(shop.domain, self.postcode)
        except CrawlError as error:
            self.stopping.stop(error)
            return
        request = Request(
            f"https://{shop.host}/",
            callback=self.read_home,
            errback=self.fail,
            cb_kwargs={"shop": shop, "session": session},
        )
        yield request.replace(cookies=session.request_cookies)

    def read_home(self, response: Response, shop: Marketplace, session: DeliverySession) -> None:
        """Read the delivery line of the home page."""
        facts = facts_of(response)
        page = read_page_as(facts.block, response.body, shop, facts.headers)
        try:
            check_block(page, shop.host, "its home page")
            if not page.location:
                raise NotAListing(
                    f"the home page of {shop.host} (status {response.status}) has no delivery "
                    "line, so nothing is known about the session"
                )
            if not names_postcode(page.location, shop, self.postcode):
                raise LocationLost(
                    f"{shop.host} says {page.location!r}, not postcode {self.postcode}"
                )
        except CrawlError as error:
            self.stopping.stop(error)
            return
        session.about["location"] = page.location
        self.session = session

    def fail(self, failure: Failure) -> None:
        """Stop the check because the home page did not load."""
        host = DOMAINS[self.domain].host
        request: Request = failure.request  # type: ignore[attr-defined]
        if error := too_large(failure.value, request):
            self.stopping.stop(error)
        elif isinstance(failure.value, IgnoreRequest):
            self.stopping.stop(RobotsDisallowed(f"robots.txt of {host} forbids its home page"))
        else:
            name = type(failure.value).__name__
            self.stopping.stop(Unreachable(f"{host} gave no answer ({name})"))
