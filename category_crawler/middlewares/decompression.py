"""Bodies decompressed; one that cannot be is marked as damaged."""

from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from category_crawler.middlewares.response import (
    UNDECODED,
)


class Decompression(HttpCompressionMiddleware):
    """Scrapy's own, for which a body that is not compressed as its headers say is no error.

    Such a body is flagged instead: what is raised here is raised beyond the reach of the retries.
    """

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            decompressed: Request | Response = super().process_response(request, response)
        except IgnoreRequest:
            raise
        # Each of the four libraries behind it has errors of its own.
        except Exception:
            return response.replace(flags=[*response.flags, UNDECODED])
        return decompressed
