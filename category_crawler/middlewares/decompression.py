"""Decompresses response bodies, and flags those that cannot be decompressed."""

from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from category_crawler.middlewares.response import (
    UNDECODED,
)


class Decompression(HttpCompressionMiddleware):
    """Scrapy's middleware, which flags a body with wrong compression instead of raising.

    The retry middleware does not see exceptions raised here, but it sees the flag.
    """

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            decompressed: Request | Response = super().process_response(request, response)
        except IgnoreRequest:
            raise
        # Four decompression libraries are possible, each with its own exceptions.
        except Exception:
            return response.replace(flags=[*response.flags, UNDECODED])
        return decompressed
