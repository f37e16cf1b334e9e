"""The spider ``delivery``: sets the shop's delivery location and saves the session's cookies.

``scrapy crawl delivery -a domain=amazon.com.au -a postcode=4500 [-a suburb="BRAY PARK"]`` opens
the shop in a browser, sets the location in its pop-over, reloads the page, and writes
``cookies/<domain>/<POSTCODE>.json`` if the page now shows the postcode. Further arguments:

* ``-a replaces=VERSION``: the version of the session that no longer works; if the file already
  has a newer version, the spider does nothing
* ``-a report=NAME``: write a :class:`~category_crawler.delivery.report.DeliveryReport`
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from category_crawler.crawl.page_checks import check_block
from category_crawler.delivery.browser import (
    browser_arguments,
    browser_environment,
    find_browser,
)
from category_crawler.delivery.browser_profile import temporary_folder
from category_crawler.delivery.delivery_line import names_postcode
from category_crawler.delivery.report import note_process
from category_crawler.delivery.session import (
    DeliverySession,
    is_imported,
    is_version,
    lock_session,
    session_file,
    session_version,
)
from category_crawler.domain_config import Marketplace
from category_crawler.errors import (
    BrowserMissing,
    CrawlError,
    LocationNotSet,
    PopoverMissing,
    RobotsDisallowed,
    Unreachable,
)
from category_crawler.middlewares.decompression import too_large
from category_crawler.middlewares.response import facts_of
from category_crawler.pace.turns import Turns
from category_crawler.pages import read_page, read_page_as
from category_crawler.spiders.session_spider import SessionSpider
from category_crawler.times import utc_now

_HANDLER = "category_crawler.pace.browser_handler.PacedBrowserHandler"
_COUNTED = ("xhr", "fetch")
"""Kinds of requests that a page sends to the shop by itself."""


class DeliverySpider(SessionSpider):
    """Makes one delivery session."""

    name = "delivery"
    known_arguments = (*SessionSpider.known_arguments, "suburb", "replaces")
    turns: Turns
    _request: Request
    """The request for the home page; what follows it goes the same way."""

    def __init__(self, suburb: str = "", replaces: str | None = None, **others: str) -> None:
        super().__init__(**others)
        self.suburb = suburb
        self._replaces = replaces
        self._lock: object = None
        """Held until the process ends."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        # The browser keeps its profile in this folder, which is removed after the spider exits.
        os.environ["TMPDIR"] = str(temporary_folder("delivery-"))
        options = crawler.settings.getdict("PLAYWRIGHT_LAUNCH_OPTIONS")
        options["env"] = browser_environment()
        crawler.settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", options, priority="spider")
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.turns = Turns(crawler)
        # scrapy-playwright calls it for every request of the browser.
        crawler.settings.set("PLAYWRIGHT_ABORT_REQUEST", spider.count, priority="spider")
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        with suppress(BrowserMissing):
            options = {"executable_path": str(find_browser()), "args": browser_arguments()}
            settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", options, priority="spider")
        settings.set("DOWNLOAD_HANDLERS", {"https": _HANDLER}, priority="spider")
        # Use the browser's own headers, so that the page and its scripts get the same ones.
        settings.set("PLAYWRIGHT_PROCESS_REQUEST_HEADERS", None, priority="spider")
        settings.set("PLAYWRIGHT_RESTART_DISCONNECTED_BROWSER", False, priority="spider")

    @property
    def final_message(self) -> str:
        """The message that ``scrapy crawl`` prints when the spider closes."""
        if self.session is None:
            return ""
        path = session_file(self.session.domain, self.session.postcode)
        return f"The shop says {self.session.about.get('location')!r}; the session is in {path}."

    async def start(self) -> AsyncIterator[Any]:
        try:
            shop = self.take_place()
            if self.report:
                with suppress(OSError):
                    note_process(self.report)
            self._lock = await lock_session(self.domain, self.postcode)
            if self._is_replaced():
                self.session = DeliverySession.load(self.domain, self.postcode)
                return
            find_browser()
        except CrawlError as error:
            self.stopping.stop(error)
            return
        self._request = self._home(shop)
        yield self._request

    async def set_location(self, response: Response, shop: Marketplace) -> None:
        """Set the location on the shop's home page; save the session if it was accepted."""
        # Category crawls import every spider module but need no browser.
        from category_crawler.delivery.popover import BrowserError, DeliveryPopover

        page = response.meta["playwright_page"]
        try:
            _check_home(response, shop)
            seconds = self.settings.getfloat("POPOVER_TIMEOUT")
            popover = DeliveryPopover(page, shop, seconds)
            await self.turns.wait(self._request)
            try:
                suburb = await popover.deliver_to(self.postcode, self.suburb or None)
            finally:
                self.suburbs = popover.suburbs
            await self.turns.wait(self._request)
            await page.reload(wait_until="domcontentloaded")
            location = _location(await page.content(), shop)
            if not names_postcode(location, shop, self.postcode):
                raise LocationNotSet(
                    f"{shop.host} accepted postcode {self.postcode} but then says {location!r}: "
                    "no session was saved; try again later"
                )
            state = await page.context.storage_state()
            # After a cancel, whoever asked for the session may have deleted it.
            if self.stopping.error is None:
                self._keep(state, location, suburb)
        except CrawlError as error:
            self.stopping.stop(error)
        except BrowserError as error:
            self.stopping.stop(PopoverMissing(f"the browser failed: {_first_line(error)}"))

    async def count(self, request: Any) -> bool:
        """Count a request that the page sends to the shop by itself; False lets it pass.

        It cannot wait for its turn, because the page would give up. So the next turn comes later.
        """
        is_the_shops = urlsplit(request.url).netloc == urlsplit(self._request.url).netloc
        if request.resource_type in _COUNTED and is_the_shops:
            await self.turns.count(self._request)
        return False

    def fail(self, failure: Failure) -> None:
        """Stop the job because the home page did not load."""
        host = f"www.{self.domain}"
        if error := too_large(failure.value, self._request):
            self.stopping.stop(error)
        elif isinstance(failure.value, IgnoreRequest):
            self.stopping.stop(
                RobotsDisallowed(f"robots.txt of {host} forbids its home page to this crawler")
            )
        elif "Executable doesn't exist" in str(failure.value) or "launch" in str(failure.value):
            line = _first_line(failure.value)
            self.stopping.stop(BrowserMissing(f"the browser did not start: {line}"))
        else:
            self.stopping.stop(Unreachable(f"{host} gave no answer: {_first_line(failure.value)}"))

    def _is_replaced(self) -> bool:
        if self._replaces is None or not session_version(self.domain, self.postcode):
            return False
        return not is_version(self.domain, self.postcode, self._replaces)

    def _home(self, shop: Marketplace) -> Request:
        context = {
            "user_agent": self.settings["USER_AGENT"],
            "locale": shop.language.replace("_", "-"),
        }
        return Request(
            f"https://{shop.host}/",
            callback=self.set_location,
            errback=self.fail,
            cb_kwargs={"shop": shop},
            meta={
                "playwright": True,
                "playwright_include_page": True,
                "playwright_context_kwargs": context,
            },
        )

    def _keep(self, state: dict[str, Any], location: str, suburb: str | None) -> None:
        hosts = (self.domain, f"www.{self.domain}")
        cookies = [c for c in state["cookies"] if c["domain"].lstrip(".") in hosts]
        about = {
            "created_at": utc_now(),
            "user_agent": self.settings["USER_AGENT"],
            "location": location,
            "suburb": suburb,
        }
        if is_imported(self.domain, self.postcode):
            about["imported"] = True
        session = DeliverySession(self.domain, self.postcode, cookies, about)
        session.save()
        self.session = session
        self.logger.info("The shop says %r; the session is saved", location)


def _check_home(response: Response, shop: Marketplace) -> None:
    facts = facts_of(response)
    page = read_page_as(facts.block, response.body, shop, facts.headers)
    check_block(page, shop.host, "its home page")


def _location(html: str, shop: Marketplace) -> str:
    return read_page(html.encode(), shop).location


def _first_line(error: object) -> str:
    """The first line of a browser error, without terminal colours; at most 200 characters."""
    line = str(error).strip().partition("\n")[0]
    return re.sub(r"\x1b\[\d+m", "", line)[:200] or type(error).__name__
