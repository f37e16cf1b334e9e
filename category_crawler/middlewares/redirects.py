"""Follows redirects between listings only."""

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response

from category_crawler.middlewares.response import (
    redirect_target,
    stays_in_listings,
)


class ListingRedirects(RedirectMiddleware):
    """Follows redirects between listings on one host; passes all others to the spider."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        target = redirect_target(response)
        if target is None or not stays_in_listings(request.url, target):
            return response
        followed: Request | Response = super().process_response(request, response)
        return followed
