"""Two runs of the stand-in shop, crawled by real spiders: every count is the shop's own truth."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.services import CATEGORY, ENDED, Caller, Daemon
from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.changes import Change, changed

A_WEEK = Change(moved=0.10, gone=0.03, new=0.03, seed=20)


@pytest.fixture
def shop() -> Iterator[Storefront]:
    """A shop that serves 120 of its 500 products in one listing."""
    catalogue = Catalogue(500, without_price=0.0)
    with Storefront(catalogue, Switches(cap=120, page_bytes=0)).serve() as serving:
        yield serving


def _crawl(alice: Caller, collection: int, call: str) -> dict[str, Any]:
    if call == "rerun":
        answer = alice.post(f"{CATEGORY}/rerun/", {"collection_id": collection})
        assert answer.status_code == 200, answer.text
    ended = alice.until(collection, *ENDED)
    assert (ended["stage"], ended["coverage"]["complete"]) == ("done", True), ended["coverage"]
    return ended


def test_every_count_is_the_shops_own_truth(
    shop: Storefront, alice: Caller, scrapyd: Daemon
) -> None:
    collection = alice.schedule(name="Lamps")
    first = _crawl(alice, collection, "add_schedule")
    truth = changed(shop.catalogue, A_WEEK)
    shop.site.catalogue = truth.catalogue
    second = _crawl(alice, collection, "rerun")
    assert second["coverage"]["requests"] < first["coverage"]["requests"]
    answer = alice.post(f"{CATEGORY}/changes/", {"collection_id": collection, "limit": 1000})
    data = answer.get_json()["data"]
    found = {
        kind: {item["asin"] for item in data["items"] if item["kind"] == kind}
        for kind in ("new", "gone", "price_up", "price_down")
    }
    assert found == {
        "new": truth.new,
        "gone": truth.gone,
        "price_up": truth.price_up,
        "price_down": truth.price_down,
    }
    assert data["counts"]["not_seen"] == 0
    assert {kind: len(asins) for kind, asins in found.items()}.items() <= data["counts"].items()
    assert len(truth.gone) == len(truth.new) == 15
    for item in data["items"]:
        if item["kind"] == "price_up":
            old = 100 * item["price_change_cents"] / item["price_cents_before"]
            assert item["price_change_percent"] == pytest.approx(old, abs=0.01)


def test_a_run_that_was_cut_calls_nothing_gone(
    shop: Storefront, alice: Caller, scrapyd: Daemon
) -> None:
    collection = alice.schedule(name="Lamps", max_products=90)
    alice.until(collection, *ENDED)
    shop.site.catalogue = changed(shop.catalogue, Change(gone=0.5, seed=3)).catalogue
    assert alice.post(f"{CATEGORY}/rerun/", {"collection_id": collection}).status_code == 200
    alice.until(collection, *ENDED)
    data = alice.post(f"{CATEGORY}/changes/", {"collection_id": collection}).get_json()["data"]
    assert data["counts"]["gone"] == 0
    assert data["counts"]["not_seen"] > 0
    assert "max_products" in data["why"]
