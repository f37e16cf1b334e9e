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
        (f"{AU}%2Cp_36%3A300-400&low-price=3&high-price=4", f"{AU}%2Cp_36%3A300-400"),
        (f"{AU}%2Cp_36%3A300-&low-price=&high-price=4", f"{AU}%2Cp_36%3A300-400"),
        (f"{AU}%2Cp_36%3A1-2%2Cp_36%3A1-2", f"{AU}%2Cp_36%3A1-2"),
        (f"{AU}&low-price=5%2C000", f"{AU}%2Cp_36%3A500000-"),
        (f"{AU}&low-price=1.250&high-price=1,21,900.5", f"{AU}%2Cp_36%3A125000-12190050"),
        (f"{AU}&low-price=24,99", f"{AU}%2Cp_36%3A2499-"),
        (
            f"{AU}%2Cp_36%3A1-2&amp;s=review-rank&#38;i=toys",
            f"{AU}%2Cp_36%3A1-2&i=toys&s=review-rank",
        ),
        ("https://www.amazon.com.au/s?rh=n%253A4851693051%252Cp_36%253A1-2", f"{AU}%2Cp_36%3A1-2"),
        (
            "https://www.amazon.com.au/s?rh=n:1,n:!2,n:4851693051",
            "https://www.amazon.com.au/s?rh=n%3A1%2Cn%3A4851693051",
        ),
        (f"{AU}%2Ck%3Alamp%2Ci%3Atoys", f"{AU}&i=toys&k=lamp"),
        (f"{AU}%2Ck%3Alamp&k=lamp", f"{AU}&k=lamp"),
        (f"{AU}&qid=1&qid=2&ref=a&ref=b", AU),
        (f"{AU}&i=toys&i=toys", f"{AU}&i=toys"),
        ("https://www.amazon.com.au/b/4851693051", AU),
        ("https://www.amazon.com.au/Toys/b/4851693051/ref=x?node=4851693051", AU),
        ("https://www.amazon.com.au/s/browse?node=4851693051", AU),
        ("https://www.amazon.com.au/s/browse/ref=x?node=4851693051", AU),
        ("https://www.amazon.com.au/gp/search/ref=sr_nr?rh=n%3A4851693051", AU),
        (
            "https://www.amazon.com.au/gp/search/other/ref=x?rh=n%3A4851693051&pickerToList=x",
            f"{AU}&pickerToList=x",
        ),
        ("https://www.amazon.com.au/s?node=4851693051&rh=p_36%3A1-2", f"{AU}%2Cp_36%3A1-2"),
        ("https://www.amazon.com.au/s?node=4851693051&rh=n%3A4851693051", AU),
        ("https://www.amazon.com.au/-/en/s?rh=n%3A4851693051", AU),
        ("https://www.amazon.com.au/-/zh_TW/Toys/b/?node=4851693051", AU),
        (
            f"{AU}&dib=e&dib_tag=se&sr=8-1&tag=me-21&linkCode=ll2&linkId=1&camp=2&creative=3&ascsubtag=x"
            "&gclid=1&gbraid=2&gad_source=1&gad_campaignid=7&utm_source=a&utm_medium=b&fbclid=c"
            "&srsltid=d&dchild=1&hvadid=4&wbraid=3&msclkid=z&asc_campaign=q&creativeASIN=B000000000",
            AU,
        ),
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
        ("https://www.amazon.com.au/-/en/dp/B000000000", "/dp/"),
        (f"{AU}%2Cp_36%3A1-2%2Cp_36%3A3-4", "two price ranges"),
        (f"{AU}%2Cp_36%3A1-2&low-price=3", "contradicts low-price"),
        (f"{AU}%2Cp_36%3A300-500&high-price=4", "contradicts high-price"),
        (f"{AU}&low-price=9&high-price=4", "low-price 9 is above high-price 4"),
        (f"{AU}%2Cp_36%3A900-&high-price=4", "above its maximum"),
        (f"{AU},{AU}", "several addresses"),
        (f"{AU}; {AU}", "several addresses"),
        ("https://www.amazon.com/s?rh=n:1,n:!2", "department above"),
        ("https://www.amazon.com/b/1?node=2", "two nodes"),
        ("https://www.amazon.com/s?rh=n%3A1&node=2", "two nodes"),
        (f"{AU}%2Ck%3Alamp&k=desk", "k twice"),
        (f"{AU}&i=toys&i=books", "'i' more than once"),
        ("https://amzn.to/3xYzAbC", "short links"),
        ("https://a.co/d/abc", "short links"),
        ("http://amzn.eu/d/abc", "short links"),
        ("https://www.amazon.com.au/s?i=toys", "choose a department"),
        ("https://www.amazon.com.au/s?me=A1B2C3", "choose a department"),
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


@pytest.mark.parametrize("prefix", ["/-/en", "/-/zh_TW", "/-/pt-BR"])
def test_a_language_prefix_is_taken_off_and_told(prefix: str) -> None:
    listing = ListingURL.parse(AU.replace("/s?", f"{prefix}/s?"))
    (note,) = listing.notes
    assert prefix in note
    assert listing == ListingURL.parse(AU)
    assert ListingURL.parse(AU).notes == ()


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
