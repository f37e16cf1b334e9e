"""Keeps the shop's cookies, but no more than a browser would."""

from http.cookiejar import Cookie

from scrapy import Request
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http import Response

_MOST = 150
"""Cookies of one session; browsers keep 180 of a site, and the shop sets some 20."""
_LONGEST = 4096
"""Bytes of one cookie's name and value, as in browsers (RFC 6265, 6.1)."""


class BoundedCookies(CookiesMiddleware):
    """Scrapy's middleware, which forgets what an answer sets beyond the bounds.

    Without them, one odd answer makes every later request so large that the shop refuses it. The
    session's own cookies were there first, and stay.
    """

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        answer: Request | Response = super().process_response(request, response)
        jar = self.jars[request.meta.get("cookiejar")].jar
        kept = 0
        for cookie in list(jar):
            if kept == _MOST or _length(cookie) > _LONGEST:
                jar.clear(cookie.domain, cookie.path, cookie.name)
            else:
                kept += 1
        return answer


def _length(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "")
