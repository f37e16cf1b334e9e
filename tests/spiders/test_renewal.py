"""Crawls whose session the shop drops: renewed during the crawl, or stopped with only good rows."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches
from tests.waiting import until


@pytest.fixture
def shop() -> Iterator[Storefront]:
    """A shop of forty pages."""
    with Storefront(Catalogue(960), Switches(page_bytes=0)).serve() as serving:
        yield serving


def browsers_started(shop: Storefront) -> int:
    return sum(request.answered == "selections" for request in shop.requests)


def test_a_session_lost_in_the_middle_is_renewed(home: Home, shop: Storefront) -> None:
    shop.switches.expire_at = 20
    ended = home.crawl("-s", "AUDIT_PAGES=0")
    assert ended.code == 0, ended.said
    assert set(ended.asins) == shop.catalogue.asins()
    assert ended.summary["coverage"]["complete"] is True
    assert {row["currency"] for row in ended.rows} == {"AUD"}
    assert browsers_started(shop) == 1
    pages = [request.path for request in shop.listing_requests]
    assert len(pages) == 41
    assert pages[19] == pages[20], "it went on from the page where it was"


def test_a_session_lost_again_and_again_is_renewed_each_time(home: Home, shop: Storefront) -> None:
    shop.switches.expire_every = 15
    ended = home.crawl("-s", "AUDIT_PAGES=0")
    assert ended.code == 0, ended.said
    assert len(set(ended.asins)) == 960
    assert browsers_started(shop) == 2


def test_where_it_cannot_be_renewed_only_good_rows_are_kept(home: Home, shop: Storefront) -> None:
    shop.switches.expire_at = 20
    shop.switches.keep_location = True
    ended = home.crawl()
    assert ended.code == 1
    assert ended.summary["failed_reason"] == "location_lost"
    assert "It could not be renewed: www.amazon.com.au accepted postcode" in ended.said
    assert len(ended.rows) == 19 * 24
    assert {row["currency"] for row in ended.rows} == {"AUD"}
    assert ended.summary["session"]["postcode"] == "4500"


def test_a_new_session_that_is_wrong_too_ends_the_crawl(home: Home, shop: Storefront) -> None:
    shop.switches.wrong_location_from = 3
    ended = home.crawl()
    assert ended.summary["failed_reason"] == "location_lost"
    assert len(ended.rows) == 2 * 24
    assert browsers_started(shop) == 1


def test_another_currency_is_a_lost_session(home: Home, shop: Storefront) -> None:
    shop.switches.wrong_currency_from = 2
    ended = home.crawl()
    assert ended.summary["failed_reason"] == "location_lost"
    assert len(ended.rows) == 24
    assert browsers_started(shop) == 1


def test_four_crawls_that_lose_one_session_renew_it_once(home: Home, shop: Storefront) -> None:
    shop.switches.expire_at = 60
    ended: dict[str, Ended] = {}

    def crawl(run: str) -> None:
        ended[run] = home.crawl(run=run)

    crawls = [threading.Thread(target=crawl, args=(f"local/{n}",)) for n in range(4)]
    for one in crawls:
        one.start()
    for one in crawls:
        one.join()
    assert [one.code for one in ended.values()] == [0] * 4
    assert {len(set(one.asins)) for one in ended.values()} == {960}
    assert browsers_started(shop) == 1


@pytest.mark.parametrize(("hours", "browsers"), [(25, 1), (23, 0)])
def test_old_sessions_are_renewed_before_a_crawl(
    home: Home, shop: Storefront, hours: int, browsers: int
) -> None:
    _age(home, hours)
    ended = home.crawl(max_products=5)
    assert ended.code == 0
    assert browsers_started(shop) == browsers


def test_an_old_session_that_cannot_be_renewed_may_still_do(
    home: Home, shop: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    _age(home, 100)
    monkeypatch.setenv("CHROMIUM_PATH", "/nowhere")
    ended = home.crawl(max_products=5)
    assert ended.code == 0
    assert "could not be renewed: CHROMIUM_PATH" in ended.said


def test_a_crawl_that_ends_ends_its_renewal(home: Home, shop: Storefront, temporary: Path) -> None:
    shop.switches.expire_at = 2
    shop.switches.popover = False
    process = home.start()
    until(lambda: any(temporary.glob("*/*profile*")), bool)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    until(lambda: not any(temporary.iterdir()), bool)
    summary = json.loads((home.folder / "results/local/a/summary.json").read_bytes())
    assert summary["failed_reason"] == "cancelled"
    assert summary["asin_count"] == 24


def test_a_crawl_that_is_killed_takes_its_renewal_along(
    home: Home, shop: Storefront, temporary: Path
) -> None:
    shop.switches.expire_at = 2
    shop.switches.popover = False
    home.settings(QUICK + "POPOVER_TIMEOUT = 60\n")
    process = home.start()
    until(lambda: any(temporary.glob("*/*profile*")), bool)
    process.kill()
    process.communicate(timeout=30)
    assert until(lambda: not any(temporary.iterdir()), bool)


def _age(home: Home, hours: int) -> None:
    path = home.folder / "cookies" / "amazon.com.au" / "4500.json"
    state = json.loads(path.read_bytes())
    made = time.time() - hours * 3600
    state["category_crawler"] = {
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))
    }
    path.write_text(json.dumps(state))
