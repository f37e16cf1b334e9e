"""Listing pages put together from pieces of markup."""

from typing import Any

from category_crawler.domain_config import DOMAINS
from category_crawler.pages import Page, read_page

PRICE = '<span class="a-price"><span class="a-offscreen">{}</span></span>'
STRUCK = PRICE.replace('"a-price"', '"a-price a-text-price" data-a-strike="true"')
_CARD = (
    '<div data-component-type="s-search-result" data-asin="{asin}" class="s-result-item {more}">'
    "{inner}</div>"
)


def card(inner: str = "", asin: str = "B000000001", more: str = "") -> str:
    return _CARD.format(inner=inner, asin=asin, more=more)


def read(html: str, domain: str = "amazon.com.au", **values: Any) -> Page:
    return read_page(f"<html><body>{html}</body></html>".encode(), DOMAINS[domain], **values)


def product(inner: str, domain: str = "amazon.com.au") -> Any:
    return read(card(inner), domain).products[0]
