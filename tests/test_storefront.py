"""The stand-in shop: its pages agree with its catalogue and have the real site's quirks."""

import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from tests.storefront import NODE, Catalogue, Storefront, Switches
from tests.storefront.__main__ import main
from tests.storefront.catalogue import EMPTY_NODE
from tests.storefront.switches import meanings

AU = "https://www.amazon.com.au"
LISTING = f"{AU}/s?rh=n%3A{NODE}"


@pytest.fixture(scope="module")
def running() -> Iterator[Storefront]:
    with Storefront(Catalogue(400), Switches(page_bytes=0)).serve() as serving:
        yield serving


@pytest.fixture
def shop(running: Storefront) -> Iterator[Storefront]:
    for name in Switches.__dataclass_fields__:
        setattr(running.site.switches, name, getattr(Switches(page_bytes=0), name))
    return running


class Browser:
    """A plain client that uses the shop's proxy and keeps no cookies."""

    def __init__(self, shop: Storefront, cookies: str = "") -> None:
        environment = shop.environment()
        context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        self._cookies = cookies
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"https": environment["https_proxy"]}),
            urllib.request.HTTPSHandler(context=context),
        )

    def get(self, url: str) -> str:
        request = urllib.request.Request(url, headers={"Cookie": self._cookies})
        text: str = self._opener.open(request, timeout=5).read().decode()
        return text


def domestic(shop: Storefront, domain: str = "amazon.com.au", postcode: str = "4500") -> Browser:
    state = shop.session(domain, postcode)
    return Browser(shop, "; ".join(f"{c['name']}={c['value']}" for c in state["cookies"]))


def organic(html: str) -> list[str]:
    cards = re.findall(
        r'<div [^>]*data-asin="(\w+)"[^>]*s-search-result"[^>]*class="([^"]*)"', html
    )
    return [asin for asin, classes in cards if "AdHolder" not in classes]


def walk(browser: Browser, url: str = LISTING, pages: int = 40) -> list[str]:
    found: list[str] = []
    for page in range(1, pages + 1):
        served = organic(browser.get(f"{url}&page={page}"))
        if not served:
            break
        found += served
    return found


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("", {}),
        ("%2Cp_36%3A2000-5000", {"low": 2000, "high": 5000}),
        ("%2Cp_36%3A-2500", {"high": 2500}),
        ("%2Cp_n_prime_domestic%3A6845356051", {"prime": True}),
        ("%2Cp_90%3A6741209051", {"within_days": 1}),
        ("%2Cp_123%3A310001%7C310002", {"brands": frozenset({"310001", "310002"})}),
        ("&low-price=20&high-price=50", {"low": 2000, "high": 5000}),
    ],
)
def test_what_is_served_is_what_the_catalogue_selects(
    shop: Storefront, term: str, asked: dict[str, Any]
) -> None:
    served = walk(domestic(shop), LISTING + term)
    assert set(served) == shop.catalogue.asins(**asked)
    assert len(served) == len(set(served))


def test_prices_sort(shop: Storefront) -> None:
    served = walk(domestic(shop), f"{LISTING}&s=price-asc-rank")
    prices = [shop.catalogue.by_asin[asin].price_cents for asin in served]
    priced = [cents for cents in prices if cents is not None]
    assert priced == sorted(priced)


@pytest.mark.parametrize("term", ["p_unheard%3A1", "p_123%3A999", "p_90%3A5"])
def test_an_unknown_term_is_dropped_without_a_word(shop: Storefront, term: str) -> None:
    assert set(walk(domestic(shop), f"{LISTING}%2C{term}")) == shop.catalogue.asins()


def test_an_invalid_prime_term_takes_its_siblings_with_it(shop: Storefront) -> None:
    url = f"{LISTING}%2Cp_36%3A-2500%2Cp_n_prime_domestic%3A1"
    assert set(walk(domestic(shop), url)) == shop.catalogue.asins()


def test_an_unknown_node_gives_the_whole_store(shop: Storefront) -> None:
    assert len(walk(domestic(shop), f"{AU}/s?rh=n%3A1")) == len(shop.catalogue.items)


@pytest.mark.parametrize(("cap", "page_cap", "served"), [(306, 0, 306), (0, 7, 168), (100, 2, 48)])
def test_caps(shop: Storefront, cap: int, page_cap: int, served: int) -> None:
    shop.switches.cap, shop.switches.page_cap = cap, page_cap
    assert len(walk(domestic(shop))) == served


def test_past_the_end_is_an_inverted_range_with_advertisements_only(shop: Storefront) -> None:
    html = domestic(shop).get(f"{LISTING}&page=99")
    assert "2353-400 of 400 results" in html
    assert "s-pagination-strip" not in html
    assert organic(html) == []
    assert "AdHolder" in html


def test_totals_are_rounded_above_a_bound(shop: Storefront) -> None:
    shop.switches.rounded_above = 300
    assert "1-24 of over 400 results" in domestic(shop).get(LISTING)


def test_reshuffling_moves_about_the_share_asked_for(shop: Storefront) -> None:
    browser = domestic(shop)
    shop.switches.reshuffle = 0.1
    pages = {
        asin: page
        for page in range(1, 17)
        for asin in organic(browser.get(f"{LISTING}&page={page}"))
    }
    shop.switches.reshuffle = 0
    moved = sum(
        asin in pages and pages[asin] != page
        for page in range(1, 17)
        for asin in organic(browser.get(f"{LISTING}&page={page}"))
    )
    assert 0.02 < moved / 384 < 0.2


def test_a_visitor_without_a_session_is_from_abroad(shop: Storefront) -> None:
    html = Browser(shop).get(LISTING)
    assert "United States" in html
    assert "US$" in html
    assert "Get It by Tomorrow" not in html


def test_a_session_delivers_to_its_place_until_it_expires(shop: Storefront) -> None:
    browser = domestic(shop)
    html = browser.get(LISTING)
    assert "BRAY PARK 4500" in html
    assert "Get It by Tomorrow" in html
    shop.expire_sessions()
    assert "BRAY PARK" not in browser.get(LISTING)


def test_an_unknown_place_has_no_session(shop: Storefront) -> None:
    with pytest.raises(ValueError, match="4599"):
        shop.session("amazon.com.au", "4599")


def test_an_empty_node_says_so(shop: Storefront) -> None:
    assert "No results for" in domestic(shop).get(f"{AU}/s?rh=n%3A{EMPTY_NODE}")


def test_blocks_come_when_they_are_asked_for(shop: Storefront) -> None:
    browser = domestic(shop)
    start = len(shop.listing_requests)
    shop.switches.block, shop.switches.block_from = "captcha", start + 2
    shop.switches.block_times = 0
    assert organic(browser.get(LISTING))
    assert "captchacharacters" in browser.get(LISTING)
    assert [request.answered for request in shop.listing_requests[start:]] == ["listing", "captcha"]


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_answers_that_break_off(shop: Storefront, kind: str) -> None:
    shop.switches.block, shop.switches.block_from = kind, 1
    with pytest.raises((OSError, http.client.HTTPException)):
        Browser(shop).get(LISTING)


def test_other_hosts_are_refused(shop: Storefront) -> None:
    with pytest.raises(OSError, match="502"):
        Browser(shop).get("https://example.com/")


def test_the_same_seed_makes_the_same_catalogue() -> None:
    assert Catalogue(50, 3).items == Catalogue(50, 3).items
    assert Catalogue(50, 3).items != Catalogue(50, 4).items
    assert len({item.asin for item in Catalogue(5000).items}) == 6000


def test_piles_and_missing_prices() -> None:
    catalogue = Catalogue(2000, without_price=0.1, at_piles=0.5, piles=10)
    prices = [item.price_cents for item in catalogue.items]
    most = sorted({cents for cents in prices if cents}, key=prices.count)[-10:]
    assert 0.4 < sum(prices.count(cents) for cents in most) / len(prices) < 0.6
    assert 0.07 < prices.count(None) / len(prices) < 0.13


def test_every_switch_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    told = meanings()
    assert list(told) == [field.name for field in fields(Switches)]
    for name, text in told.items():
        assert f"--{name.replace('_', '-')}" in said
        assert text[:30].rpartition(" ")[0] in said


@pytest.mark.parametrize("port", ["http", "-1", "65536", "1.5"])
def test_a_port_that_is_none_is_a_sentence(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])
    assert ended.value.code == 2
    assert f"{port!r} is no port: it must be 0 to 65535" in capsys.readouterr().err


def test_a_session_is_a_storage_state(shop: Storefront) -> None:
    state = json.loads(json.dumps(shop.session("amazon.com.au", "4500")))
    assert {"session-id", "session-token", "ubid-acbau", "i18n-prefs"} == {
        cookie["name"] for cookie in state["cookies"]
    }
