"""Pages whose elements are nested too deeply are not parsed."""

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.pages import Kind, read_page
from category_crawler.pages.nesting import is_too_deep
from tests.samples import listings

SHOP = DOMAINS["amazon.com.au"]


@pytest.mark.parametrize("tag", ["div", "DIV", "section", "b", "a", "span", "x-y"])
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_deep_page_is_not_parsed(tag: str, *, is_closed: bool) -> None:
    end = f"</{tag}>" * 100_000 if is_closed else ""
    body = (f"<{tag}>" * 100_000 + end + "</html>").encode()
    assert is_too_deep(body)
    page = read_page(body, SHOP)
    assert (page.kind, page.message) == (
        Kind.UNKNOWN,
        "its elements are nested too deeply to be parsed",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<div>x</div>" * 100_000,
        b"<p>x" * 100_000,
        b"<ul>" + b"<li>x" * 100_000,
        b"<br>" * 100_000,
        b"<img src=x>" * 100_000,
        b"<table>" + b"<tr><td>x" * 50_000,
        b"a < b " * 100_000,
    ],
)
def test_a_long_page_is_not_a_deep_one(body: bytes) -> None:
    assert not is_too_deep(body)


@pytest.mark.parametrize("sample", listings(), ids=lambda sample: sample.name)
def test_no_listing_is_too_deep(sample: object) -> None:
    assert not is_too_deep(sample.body + b"<br>" * 20_000)  # type: ignore[attr-defined]
