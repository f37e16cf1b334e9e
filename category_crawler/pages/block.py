"""Recognises block and error pages by status, headers and marks in the body.

The marks come from real pages. Captcha and interstitial both post to ``validateCaptcha``.
"""

import re
from collections.abc import Mapping

from category_crawler.pages.kind import Kind

BLOCKS: Mapping[Kind, str] = {
    Kind.CAPTCHA: "a captcha",
    Kind.INTERSTITIAL: "a 'continue shopping' page",
    Kind.ERROR: "an error page",
    Kind.WAF_CHALLENGE: "a WAF challenge",
    Kind.AKAMAI_CHECK: "an Akamai check",
    Kind.SIGN_IN: "a sign-in page",
}
"""Every kind of block or error page, in words."""
CHALLENGES = frozenset(BLOCKS) - {Kind.ERROR}
"""Pages that the site sends to a suspected robot; an error page can meet any visitor."""

_LISTING_MARKS = (
    b'data-component-type="s-search-result"',
    b'id="s-refinements"',
    b'data-component-type="s-result-info-bar"',
    b"s-main-slot",
)
_MARKS: tuple[tuple[Kind, tuple[bytes, ...]], ...] = (
    (Kind.CAPTCHA, (b"captchacharacters",)),
    (Kind.INTERSTITIAL, (b"/errors/validateCaptcha", b"/errors_page/validateCaptcha")),
    # Captcha pages arrive cut to their head too, 0.9 KB without the form (SITE.md 9).
    (Kind.CAPTCHA, (b"opfcaptcha",)),
    (Kind.AKAMAI_CHECK, (b"bm-verify",)),
    (Kind.WAF_CHALLENGE, (b"awsWafCookieDomainList", b"AwsWafIntegration", b"awswaf.com")),
    (Kind.SIGN_IN, (b'action="/ap/', b"/ap/cvf/")),
    # Before the dogs, which are on this page too (SITE.md 9).
    (Kind.NOT_FOUND, (b"Page Not Found",)),
    (
        Kind.ERROR,
        (b"ref=cs_503_", b"ref=cs_500_", b"._TTD_.", b"Server Busy", b"Service Unavailable"),
    ),
)
_SMALL = 100_000
"""Bytes; block and error pages have 1 to 8 KB, others over 300 KB, sign-in pages any size."""
_SIGN_IN_FORM = re.compile(rb"""<form[^>]*\sname=["']?signIn\b|\sid=["']?ap_email(?:_login)?\b""")
"""Fields of the sign-in page, which has up to 330 KB (SITE.md 9)."""


def read_block(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Kind | None:
    """The kind of a block or error page; None for any other page.

    The names in ``headers`` are in lower case.
    """
    if headers and "x-amzn-waf-action" in headers:
        return Kind.WAF_CHALLENGE
    if any(mark in body for mark in _LISTING_MARKS):
        return None
    if status in (404, 410):
        return Kind.NOT_FOUND
    if len(body) < _SMALL and (kind := _marked(body)):
        return kind
    return Kind.SIGN_IN if _SIGN_IN_FORM.search(body) else _by_status(status)


def _marked(body: bytes) -> Kind | None:
    for kind, marks in _MARKS:
        if any(mark in body for mark in marks):
            return kind
    return None


def _by_status(status: int) -> Kind | None:
    if status == 202:
        return Kind.WAF_CHALLENGE
    return Kind.ERROR if status == 429 or status >= 500 else None
