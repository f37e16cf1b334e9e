"""Decompresses response bodies; flags those that cannot be, refuses those that are too large."""

from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response

from category_crawler.errors import TooLarge
from category_crawler.middlewares.response import (
    UNDECODED,
)


class TooLargeOnceUnpacked(IgnoreRequest):
    """Raised if a body is larger than DOWNLOAD_MAXSIZE once it is decompressed."""


class Decompression(HttpCompressionMiddleware):
    """Scrapy's middleware, which flags a body with wrong compression instead of raising.

    The retry middleware does not see exceptions raised here, but it sees the flag.
    """

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            decompressed: Request | Response = super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLargeOnceUnpacked(str(error)) from None
        # Four decompression libraries are possible, each with its own exceptions.
        except Exception:
            return response.replace(flags=[*response.flags, UNDECODED])
        return decompressed


def too_large(error: BaseException | None, request: Request) -> TooLarge | None:
    """The error for an answer that was larger than allowed; None for any other error."""
    if isinstance(error, TooLargeOnceUnpacked):
        how = "once it is unpacked"
    elif isinstance(error, DownloadCancelledError):
        how = "as it is sent"
    else:
        return None
    return TooLarge(f"the answer to {request.url} is larger than DOWNLOAD_MAXSIZE allows, {how}")
