"""Parts of pages that renew themselves: a page asks for them again and again.

The answer has an ETag, which ``page.js`` sends along the next time; without news the answer is 304,
and htmx leaves the page alone.
"""

from collections.abc import Callable
from hashlib import sha256

from flask import Response, request


def polled(show: Callable[[], str], *facts: object) -> Response:
    """What ``show`` renders, or 304 if the browser has it already.

    It depends on the ``facts``, on the address and on the reader's language, and on nothing else.
    """
    asked = (request.full_path, request.headers.get("Accept-Language"))
    version = sha256(repr((asked, facts)).encode()).hexdigest()[:24]
    response = Response()
    response.set_etag(version)
    response.cache_control.no_cache = True
    # A proxy that packs answers makes the version a weak one.
    if request.if_none_match.contains_weak(version):
        response.status_code = 304
    else:
        response.set_data(show())
    return response
