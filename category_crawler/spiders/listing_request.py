"""Requests for listing pages: their language, and what came of them."""

from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from category_crawler.domain_config import Marketplace
from category_crawler.errors import CrawlStopped, Redirected, RobotsDisallowed, Unreachable
from category_crawler.listing_url import ListingURL
from category_crawler.middlewares.response import facts_of, redirect_target
from category_crawler.middlewares.retry import DamagedAnswer
from category_crawler.pages import Page, read_page_as


def accept_language(listing: ListingURL) -> str:
    """The header for the shop's own language."""
    locale = listing.marketplace.language.replace("_", "-")
    return f"{locale},{locale.partition('-')[0]};q=0.9"


def read_answer(response: Response, marketplace: Marketplace) -> Page:
    """The page in a response. Raises Redirected if it redirects away from listings."""
    facts, target = facts_of(response), redirect_target(response)
    if target is None:
        return read_page_as(facts.block, response.body, marketplace, facts.headers)
    if block := facts.block:
        return Page(block, message=f"it redirects to {target.partition('?')[0][:200]}")
    raise Redirected(f"the site redirects {response.url} to {target[:200]}, which is not a listing")


def error_of(failure: Failure, request: Request) -> CrawlStopped:
    """Why a request got no answer."""
    host = urlsplit(request.url).netloc
    if isinstance(failure.value, IgnoreRequest):
        reason = str(failure.value)
        if "robots.txt" in reason:
            return RobotsDisallowed(
                f"robots.txt of {host} forbids {request.url} to this crawler; it was not requested"
            )
        return Redirected(f"the site keeps redirecting {request.url} ({reason})")
    attempts = request.meta.get("retry_times", 0) + 1
    if isinstance(failure.value, DamagedAnswer):
        return Unreachable(
            f"{host} gave no complete answer to {request.url} in {attempts} tries; the last was "
            f"{failure.value}"
        )
    return Unreachable(
        f"{host} gave no answer to {request.url} in {attempts} tries "
        f"({type(failure.value).__name__}); some shops do not answer addresses abroad"
    )
