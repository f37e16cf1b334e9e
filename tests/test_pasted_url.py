"""Addresses as people paste them: what changes nothing goes, what has two meanings is refused."""

import pytest

from category_crawler.errors import InvalidListingURL
from category_crawler.pasted_url import PastedURL

AU = "https://www.amazon.com.au/s?rh=n%3A1"


@pytest.mark.parametrize(
    "tracking",
    [
        *("dib=e", "dib_tag=se", "sr=8-1", "tag=a-21", "linkCode=ll2", "linkId=1", "camp=1"),
        *("creative=2", "ascsubtag=a", "gclid=1", "gbraid=1", "gad_source=1", "utm_source=a"),
        *("fbclid=1", "srsltid=1", "dchild=1", "hvadid=1", "pd_rd_w=1", "ref_=a", "page=7"),
    ],
)
def test_tracking_is_dropped_however_often_it_comes(tracking: str) -> None:
    key = tracking.partition("=")[0]
    assert PastedURL.read(f"{AU}&{tracking}&{key}=other") == PastedURL.read(AU)


def test_what_decides_the_results_is_kept_in_order() -> None:
    pasted = PastedURL.read(f"{AU}&k=lamp&qid=1&bbn=2&dc&i=")
    assert pasted.query == (("rh", "n:1"), ("k", "lamp"), ("bbn", "2"), ("dc", ""))
    assert (pasted.marketplace.domain, pasted.path, pasted.notes) == ("amazon.com.au", "/s", ())


@pytest.mark.parametrize("written", ["&amp;", "&#38;"])
def test_an_ampersand_of_html_separates_as_well(written: str) -> None:
    url = f"{AU}&low-price=5&high-price=9"
    assert PastedURL.read(url.replace("&", written)) == PastedURL.read(url)


def test_an_ampersand_inside_a_value_stays() -> None:
    assert PastedURL.read(f"{AU}&k=a%26amp%3Bb").query[1] == ("k", "a&amp;b")


def test_a_query_that_was_encoded_twice_is_decoded_twice() -> None:
    once = "https://www.amazon.com.au/s?rh=n%3A1%2Cp_36%3A1-2&k=a%20b"
    assert PastedURL.read(once.replace("%", "%25")) == PastedURL.read(once)


def test_a_query_that_was_encoded_once_is_not_decoded_twice() -> None:
    assert PastedURL.read(f"{AU}&k=100%2525").query[1] == ("k", "100%25")


@pytest.mark.parametrize("host", ["amzn.to", "a.co", "www.amzn.eu"])
def test_a_short_link_is_to_be_opened(host: str) -> None:
    with pytest.raises(InvalidListingURL, match="open the link in a browser"):
        PastedURL.read(f"https://{host}/d/abc")


@pytest.mark.parametrize("between", [",", ", ", ";", " ", "\n", "|"])
def test_several_addresses_are_refused(between: str) -> None:
    with pytest.raises(InvalidListingURL, match="one for each crawl"):
        PastedURL.read(f"{AU}{between}{AU}")
