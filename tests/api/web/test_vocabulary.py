"""Sentences for programs in the words of the pages, and the check that every page is read with."""

import pytest

from api.delivery_sessions import EXPIRED
from api.web.vocabulary import in_words, plain
from category_crawler.listing_url import ListingURL
from tests.api.web.reader import words_for_programs

LISTING = ListingURL.parse("https://www.amazon.com.au/s?rh=n%3A1&low-price=5")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the site reports over 5 products", "the shop reports over 5 products"),
        ("The list of runner 7 is not complete", "The list of run 7 is not complete"),
        ("Runner 7 was cancelled: schedule the category anew", "Run 7 was cancelled: start a"),
        ("Collection 3 has no run that is done", "This collection has no run that is done"),
        ("where both runs walked its price slice whole", "where both runs read its price range"),
        ("the others are not_seen", "the others are “not seen”"),
        ("filter_delivery_day is not supported on amazon.de", "the filter for the delivery day is"),
        ("so filter_delivery_day=tomorrow cannot be", "so delivery tomorrow cannot be"),
        ("page 2 was asked for node 5 and shows node 6", "for category 5 and shows category 6"),
        ("rh has two price ranges, 1-2 and 3-4", "the address has two price ranges, 1-2 and 3-4"),
        ("does not show p_n_prime_domestic:6845356051 as", "show “Prime, ships from Australia” as"),
        (EXPIRED, "The shop does not deliver there any more: renew it"),
    ],
)
def test_terms_of_the_crawler_are_replaced(said: str, shown: str) -> None:
    assert shown in in_words(said)
    assert shown in plain(said)
    assert words_for_programs(plain(said)) == []


@pytest.mark.parametrize("quoted", ["'the site'", '"node 5"', "“Runner 3”"])
def test_what_the_shop_has_written_stays(quoted: str) -> None:
    assert in_words(f"the site says {quoted}, not runner 3") == f"the shop says {quoted}, not run 3"


def test_an_apostrophe_quotes_nothing() -> None:
    said = "the site's and the user's list of the site"
    assert in_words(said) == "the shop's and the user's list of the shop"


def test_the_address_of_a_list_becomes_a_link() -> None:
    link = f'<a href="{str(LISTING).replace("&", "&amp;")}" rel="noreferrer">this list</a>'
    assert plain(f"page 3 of {LISTING}: the site reports 5") == (
        f"page 3 of {link}: the shop reports 5"
    )
    assert in_words(f"see {LISTING}.") == f"see {LISTING}."


def test_other_addresses_and_marks_stay_text() -> None:
    said = "<b>the site</b> led to https://evil.example/s?rh=1"
    assert plain(said) == "&lt;b&gt;the shop&lt;/b&gt; led to https://evil.example/s?rh=1"


@pytest.mark.parametrize(
    "said",
    [
        "Runner 3 of collection 1 is open",
        "make one with POST /zipcodes/create-zipcode/",
        r"it must match ^\d{4}$",
        "price_min_cents is wrong",
        "1 products",
        "the site says no",
    ],
)
def test_the_check_of_pages_finds_what_is_for_programs(said: str) -> None:
    assert words_for_programs(f"<p>{said}.</p>")
    assert not words_for_programs(f"<code>{said}</code>")
