"""Block and error pages are recognised, also by status and headers."""

import pytest

from category_crawler.pages import Kind
from category_crawler.pages.block import read_block
from tests.storefront.block import BLOCKS

LISTING = b'<div data-component-type="s-search-result" data-asin="B000000000">validateCaptcha</div>'


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("captcha", Kind.CAPTCHA),
        ("captcha_503", Kind.CAPTCHA),
        ("interstitial", Kind.INTERSTITIAL),
        ("error", Kind.ERROR),
        ("error_200", Kind.ERROR),
        ("server_busy", Kind.ERROR),
        ("waf", Kind.WAF_CHALLENGE),
        ("waf_captcha", Kind.WAF_CHALLENGE),
        ("akamai", Kind.AKAMAI_CHECK),
        ("rate_limit", Kind.ERROR),
        ("not_found", Kind.NOT_FOUND),
        ("browse", None),
    ],
)
def test_each_answer_in_a_listings_place(name: str, kind: Kind | None) -> None:
    block = BLOCKS[name]("amazon.com.au")
    headers = {key.lower(): value for key, value in block.headers.items()}
    assert read_block(block.body.encode(), block.status, headers) is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'<form name="signIn" action="https://www.amazon.com/ap/signin">', Kind.SIGN_IN),
        (b'<input type="email" id="ap_email" name="email">', Kind.SIGN_IN),
        (b'<script src="https://x.token.awswaf.com/challenge.js"></script>', Kind.WAF_CHALLENGE),
        (b'<form method="post" name="signIn">' + b" " * 300_000, Kind.SIGN_IN),
        (b"<input type=email id='ap_email_login'>" + b" " * 300_000, Kind.SIGN_IN),
        (b'<script>f("//opfcaptcha.shop.example/x.js")</script>', Kind.CAPTCHA),
        (b"<title>503 - Service Unavailable Error</title>", Kind.ERROR),
        (b'<title>Page Not Found</title><img src="dogs._TTD_.png">', Kind.NOT_FOUND),
        (b'<title>Sorry</title><img src="dogs._TTD_.png">', Kind.ERROR),
        (b"", None),
        (b"<a href='/ap/signin'>Hello, sign in</a>" + b" " * 200_000, None),
        (b"how to pass a validateCaptcha form" + b" " * 200_000, None),
    ],
)
def test_marks_in_the_body(body: bytes, kind: Kind | None) -> None:
    assert read_block(body) is kind


def test_a_404_with_the_dogs_is_no_outage() -> None:
    dogs = b'<title>Looking for something?</title><img src="dogs._TTD_.png">'
    assert read_block(dogs, 404) is Kind.NOT_FOUND
    assert read_block(dogs, 503) is Kind.ERROR


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_a_page_with_result_cards_is_never_a_block(status: int) -> None:
    assert read_block(LISTING, status) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, Kind.ERROR), (503, Kind.ERROR), (429, Kind.ERROR), (404, Kind.NOT_FOUND)],
)
def test_the_status_alone(status: int, kind: Kind) -> None:
    assert read_block(b"<html></html>", status) is kind
