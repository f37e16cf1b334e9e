"""Details of the middlewares that a crawl of the shop does not show."""

import socket

import pytest
from scrapy.downloadermiddlewares import cookies
from scrapy.http import Response

import category_crawler.middlewares.retry
from category_crawler.middlewares.response import redirect_target, stays_in_listings


def test_a_cookies_domain_is_judged_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the list of public suffixes is being downloaded")

    assert category_crawler.middlewares.retry.BackoffRetry
    monkeypatch.setattr(socket, "socket", refuse)
    assert cookies._is_public_domain("com.au")
    assert not cookies._is_public_domain("amazon.com.au")


@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        (302, "/s?rh=n%3A1", "https://www.amazon.com.au/s?rh=n%3A1"),
        (301, "https://example.com/", "https://example.com/"),
        (200, "/s", None),
        (302, None, None),
    ],
)
def test_redirect_target(status: int, location: str | None, target: str | None) -> None:
    headers = {"Location": location} if location else {}
    response = Response("https://www.amazon.com.au/s?x=1", status=status, headers=headers)
    assert redirect_target(response) == target


@pytest.mark.parametrize(
    ("target", "stays"),
    [
        ("https://www.amazon.com.au/s?rh=n%3A2", True),
        ("https://www.amazon.com.au/s/?rh=n%3A2", True),
        ("https://www.amazon.com/s?rh=n%3A2", False),
        ("http://www.amazon.com.au/s?rh=n%3A2", False),
        ("https://www.amazon.com.au/-/en/s?rh=n%3A2", False),
        ("https://www.amazon.com.au/ap/signin", False),
        ("https://www.amazon.com.au:8443/s", False),
    ],
)
def test_stays_in_listings(target: str, stays: bool) -> None:
    assert stays_in_listings("https://www.amazon.com.au/s?rh=n%3A1", target) is stays
