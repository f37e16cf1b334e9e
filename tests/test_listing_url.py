"""Listing URLs: every form of the site is parsed, and every change gives a canonical URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from category_crawler.domain_config import DOMAINS
from category_crawler.errors import InvalidListingURL
from category_crawler.listing_url import ListingURL

AU = "https://www.amazon.com.au/s?rh=n%3A4851693051"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (AU, AU),
        ("https://amazon.com.au/s?rh=n:4851693051", AU),
        ("https://WWW.AMAZON.COM.AU/s/?rh=n%3A4851693051#top", AU),
        ("https://www.amazon.com.au/Toys/s?rh=n%3A4851693051", AU),
        ("https://www.amazon.com.au/s/ref=sr_1?rh=n%3A4851693051", AU),
        ("https://www.amazon.com.au/b?node=4851693051", AU),
        ("https://www.amazon.com.au/b/?ie=UTF8&node=4851693051&ref_=x", AU),
        ("https://www.amazon.com.au/Some-Name/b/?node=4851693051", AU),
        ("https://www.amazon.com.au/b/ref=x?node=4851693051&pf_rd_p=1", AU),
        (f"{AU}&page=7&qid=17&ref=sr_pg_7&rnid=1&ds=v1&xpid=a&crid=b&sprefix=c&fs=true", AU),
        (f"{AU}&dc", f"{AU}&dc="),
        (f"{AU}&s=price-asc-rank&i=toys", f"{AU}&i=toys&s=price-asc-rank"),
        (f"{AU}&k=a+b%26c", f"{AU}&k=a%20b%26c"),
        (f"{AU}&low-price=12.5&high-price=", f"{AU}%2Cp_36%3A1250-"),
        (f"{AU}&low-price=&high-price=25", f"{AU}%2Cp_36%3A-2500"),
        (f"{AU}%2Cp_36%3A1-2&low-price=3&high-price=4", f"{AU}%2Cp_36%3A300-400"),
        (
            "https://www.amazon.de/s?rh=n:1,n:2,p_89:A|B,p_4:Foo, Bar&bbn=1".replace(" ", "%20"),
            "https://www.amazon.de/s?rh=n%3A1%2Cn%3A2%2Cp_89%3AA%7CB%2Cp_4%3AFoo%2C%20Bar&bbn=1",
        ),
    ],
)
def test_any_form_is_printed_canonically(written: str, canonical: str) -> None:
    assert str(ListingURL.parse(written)) == canonical


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "https://"),
        ("www.amazon.com.au/s?rh=n%3A1", "https://"),
        ("http://www.amazon.com.au/s?rh=n%3A1", "http://"),
        ("https://www.amazon.com.au:443/s?rh=n%3A1", "www.amazon.com.au:443"),
        ("https://me@www.amazon.com.au/s?rh=n%3A1", "user name"),
        ("https://www.amazon.com.au.evil.example/s?rh=n%3A1", "evil.example"),
        ("https://smile.amazon.com/s?rh=n%3A1", "smile.amazon.com"),
        ("https://127.0.0.1/s?rh=n%3A1", "127.0.0.1"),
        ("https://[::1/s?rh=n%3A1", "cannot be read"),
        ("https://www.amazon.com.au\\@evil.example/s?rh=n%3A1", "backslash"),
        ("https://www.amazon.com.au/s?rh=n%3A1\n", "white space"),
        ("https://www.amazon.com.au/-/en/s?rh=n%3A1", "/-/en/s"),
        ("https://www.amazon.com.au/dp/B000000000", "/dp/"),
        ("https://www.amazon.com.au/../s?rh=n%3A1", "/../s"),
        ("https://www.amazon.com.au/s?k=lamp", "no category node"),
        ("https://www.amazon.com.au/b", "no category node"),
        ("https://www.amazon.com.au/s?rh=n%3A１２", "digits only"),
        ("https://www.amazon.com.au/s?rh=n%3A1%0A", "digits only"),
        ("https://www.amazon.com.au/s?rh=n%3A1%2Cp_36%3Acheap", "MIN-MAX"),
        ("https://www.amazon.com.au/s?rh=n%3A1%2Cp_36%3A2-1", "above its maximum"),
        ("https://www.amazon.com.au/s?rh=n%3A1&low-price=cheap", "low-price"),
        ("https://www.amazon.com.au/s?rh=n%3A1&low-price=-1", "low-price"),
        ("https://www.amazon.com.au/s?rh=n%3A1&rh=n%3A2", "more than once"),
        (f"{AU}&k={'x' * 2100}", "2048"),
    ],
)
def test_a_url_that_is_no_listing_is_refused_with_a_sentence(url: str, says: str) -> None:
    with pytest.raises(InvalidListingURL, match=f"(?s).*{says.replace('[', '.')}.*"):
        ListingURL.parse(url)


def test_the_last_node_of_a_path_is_the_one_asked_for() -> None:
    listing = ListingURL.parse("https://www.amazon.com/s?rh=n%3A172282%2Cn%3A281407")
    assert listing.node == "281407"


codes = st.from_regex(r"p_[a-z0-9_]{1,12}", fullmatch=True).filter(lambda code: code != "p_36")
# A comma separates terms; ",x:" inside a value cannot be told from a new term.
values = st.text(
    st.characters(blacklist_categories=["C", "Z"], blacklist_characters=",:"), min_size=1
).filter(lambda value: not value.isspace())
listings = st.builds(
    ListingURL,
    domain=st.sampled_from(sorted(DOMAINS)),
    terms=st.lists(st.tuples(codes, values), max_size=4, unique_by=lambda term: term[0]).map(
        lambda terms: (("n", "4851693051"), *terms)
    ),
    parameters=st.dictionaries(st.sampled_from(["bbn", "i", "k", "s"]), values, max_size=3).map(
        lambda parameters: tuple(sorted(parameters.items()))
    ),
)
bounds = st.none() | st.integers(0, 10**9)


@given(listings)
def test_a_printed_listing_reads_back_as_itself(listing: ListingURL) -> None:
    printed = str(listing)
    if len(printed) <= 2048:
        assert ListingURL.parse(printed) == listing


@given(listings, st.integers(1, 400))
def test_turning_the_page_changes_only_the_page(listing: ListingURL, page: int) -> None:
    turned = listing.with_page(page)
    assert turned.with_page(1) == listing
    assert str(turned).startswith(str(listing))
    assert ("&page=" in str(turned)) == (page > 1)


@given(listings, bounds, bounds)
def test_a_price_range_is_replaced_not_added(
    listing: ListingURL, low: int | None, high: int | None
) -> None:
    priced = listing.with_price(1, 2).with_price(low, high)
    assert [code for code, _ in priced.terms].count("p_36") == 1
    assert priced.price == (low, high)
    assert priced.node == listing.node
    assert priced.refinements == listing.refinements


@given(listings, codes, values)
def test_a_refinement_replaces_the_one_of_its_code(
    listing: ListingURL, code: str, value: str
) -> None:
    refined = listing.with_refinement(code, "other").with_refinement(code, value)
    assert [term for term in refined.refinements if term[0] == code] == [(code, value)]
    assert refined.without_refinement(code) == listing.without_refinement(code)
