"""The script in which a listing counts its own results, in the forms of several years."""

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.pages import Kind, read_page
from category_crawler.pages.metadata import NO_METADATA, Metadata, read_metadata

AU = DOMAINS["amazon.com.au"]
CARD = '<div data-component-type="s-search-result" data-asin="B00000000{}"><h2>Lamp</h2></div>'
BAR = '<span data-component-type="s-result-info-bar"><span>1-2 of {} results</span></span>'
NEWEST = (
    r"""P.declare('s\-metadata', {"totalResultCount":1234,"asinOnPageCount":2,"keywords":"a\-b"""
    r"""\/c","page":3,"rescopeNode":"17","locale":"en_AU","marketplaceId":"A39IBJ37TRP1C6"});"""
)
OLDEST = (
    r"""P.declare('s\-metadata', {"totalResultCount":1234,"asinOnPageCount":2,"""
    r""""searchAlias":"aps","keywords":"","rescopeParameter":"n","rescopeNode":""});"""
)


def page_with(script: str, bar: str = "", before: str = "") -> bytes:
    cards = CARD.format(1) + CARD.format(2)
    return (
        f'<html><body><div id="search">{before}<script>{script}</script>{bar}{cards}</div></body>'
    ).encode()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (NEWEST, Metadata(1234, 2, 3)),
        (OLDEST, Metadata(1234, 2, None)),
        (NEWEST.replace("s\\-meta", "s-meta").replace("'", '"'), Metadata(1234, 2, 3)),
        (NEWEST.replace(":2,", ":0,"), Metadata(1234, None, 3)),
        (NEWEST.replace(":1234", ' : "1234"'), Metadata(1234, 2, 3)),
        (NEWEST.replace("a\\-b", r"\"page\":9"), Metadata(1234, 2, 3)),
        (NEWEST.replace("s\\-metadata", "s\\-clean\\-url"), NO_METADATA),
        ("P.declare('s\\-metadata', {});", NO_METADATA),
        ("", NO_METADATA),
    ],
)
def test_its_numbers(script: str, expected: Metadata) -> None:
    assert read_metadata(page_with(script)) == expected


def test_it_is_believed_only_at_its_place() -> None:
    assert read_metadata(f"<script>{NEWEST}</script>".encode()) == NO_METADATA
    far = page_with(NEWEST, before="<!-- " + "x" * 20_000 + " -->")
    assert read_metadata(far) == NO_METADATA
    other = page_with("var a = 1;", before=f"<script>{NEWEST}</script>")
    assert read_metadata(other) == Metadata(1234, 2, 3)


@pytest.mark.parametrize(
    ("bar", "total", "rounded", "differ"),
    [
        ("", 1234, False, None),
        (BAR.format("1,234"), 1234, False, None),
        (BAR.format("over 1,000"), 1234, False, None),
        (BAR.format("1,230"), 1234, True, (1230, 1234)),
        (BAR.format("1,300"), 1300, True, (1300, 1234)),
        (BAR.format("over 2,000"), 2000, True, (2000, 1234)),
    ],
)
def test_the_bar_is_a_check_of_its_total(
    bar: str, total: int, rounded: bool, differ: tuple[int, int] | None
) -> None:
    page = read_page(page_with(NEWEST, bar), AU)
    assert page.kind is Kind.LISTING
    assert (page.total, page.total_is_rounded, page.totals_differ) == (total, rounded, differ)


def test_without_it_the_bar_counts() -> None:
    page = read_page(page_with("", BAR.format("over 1,000")), AU)
    assert (page.total, page.total_is_rounded, page.metadata) == (1000, True, NO_METADATA)
