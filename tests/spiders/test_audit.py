"""What a page says of itself, and the audit, in crawls of the stand-in shop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crawls import QUICK, Ended, Home
from tests.storefront import Catalogue, Storefront, Switches


@pytest.fixture
def crawled(tmp_path: Path) -> Iterator[Any]:
    """Crawls a catalogue of so many products under some switches."""
    homes: list[Any] = []

    def crawl(size: int, **switches: Any) -> tuple[Ended, Storefront]:
        served = Storefront(
            Catalogue(size, without_price=0), Switches(page_bytes=0, **switches)
        ).serve()
        shop = served.__enter__()
        homes.append(served)
        home = Home(tmp_path, shop)
        home.settings(QUICK)
        home.make_session()
        return home.crawl(), shop

    yield crawl
    for served in homes:
        served.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("metadata", "complete", "rounded"),
    [("2026", True, False), ("2021", True, False), ("absent", None, True)],
)
def test_the_exact_total_is_the_metadatas(
    crawled: Any, metadata: str, complete: bool | None, rounded: bool
) -> None:
    ended, _ = crawled(130, rounded_above=100, metadata=metadata)
    coverage = ended.summary["coverage"]
    assert (coverage["complete"], coverage["reported_is_rounded"]) == (complete, rounded)
    assert coverage["reported_total"] == (100 if rounded else 130)
    assert len(ended.asins) == 130


def test_a_bar_that_contradicts_the_metadata_is_told_and_proves_nothing(crawled: Any) -> None:
    ended, _ = crawled(130, metadata_total_error=-10)
    coverage = ended.summary["coverage"]
    assert (coverage["complete"], len(ended.asins)) == (None, 130)
    (warning,) = ended.summary["warnings"]
    assert "reports 130 products in its result bar and 120 in its metadata" in warning


def test_a_card_that_is_missed_once_costs_one_request(crawled: Any) -> None:
    ended, shop = crawled(60, metadata_cards_error=1, metadata_wrong_until=1)
    assert ended.summary["coverage"]["complete"] is True
    assert "cards than could be read" not in ended.summary["coverage"]["why"]
    assert len(shop.listing_requests) == 4


def test_a_card_that_is_missed_always_is_named_and_its_page_kept(crawled: Any) -> None:
    ended, shop = crawled(60, metadata_cards_error=1)
    coverage = ended.summary["coverage"]
    assert "said twice that it has 1 more cards than could be read" in coverage["why"]
    assert len(ended.asins) == 60
    assert len(shop.listing_requests) >= 6
    assert (ended.folder / "unreadable.html.gz").exists()


def test_a_count_of_no_cards_says_nothing(crawled: Any) -> None:
    ended, shop = crawled(60, metadata_cards_zero=True)
    assert ended.summary["coverage"]["complete"] is True
    assert len(shop.listing_requests) == 3


def test_an_audit_confirms_a_whole_category(crawled: Any) -> None:
    ended, _ = crawled(1_000, cap=306, rounded_above=300)
    coverage = ended.summary["coverage"]
    audit = coverage["audit"]
    assert audit["known"] == audit["seen"] > 50
    assert 0.9 < audit["at_least"] < 1
    assert f"An audit of {audit['pages']} random page" in ended.said


def test_an_audit_finds_out_a_shop_that_caps_its_own_count(crawled: Any) -> None:
    ended, _ = crawled(1_000, cap=240, caps_its_count=True)
    coverage = ended.summary["coverage"]
    assert coverage["complete"] is False
    assert "the audit found" in coverage["why"]
    assert len(ended.asins) >= 970
