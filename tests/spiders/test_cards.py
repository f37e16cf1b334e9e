"""Cards with other offers, editions and discounts, and listings of another spelling."""

from tests.crawls import Home


def test_other_offers_on_a_card_change_no_price(home: Home) -> None:
    home.shop.switches.mixed_offers = True
    ended = home.crawl()
    assert ended.code == 0, ended.said
    assert ended.summary["coverage"]["complete"] is True
    rows = {row["asin"]: row for row in ended.result}
    items = home.shop.catalogue.by_asin
    assert {asin: row["price_cents"] for asin, row in rows.items()} == {
        asin: items[asin].price_cents for asin in home.shop.catalogue.asins()
    }
    highs = [
        row["price_high_cents"] - row["price_cents"]
        for row in rows.values()
        if row["price_is_from"]
    ]
    assert set(highs) == {777}
    assert {row["coupon"] for row in rows.values()} == {None}
    shown = {row[name] for row in rows.values() for name in ("subscribe_discount", "promotion")}
    assert shown == {None, "Extra 10% off when you subscribe", "Save 5% on 2 select items"}
    assert not any("stock" in row["delivery"] or "{" in row["delivery"] for row in rows.values())
    assert sum(row["in_stock"] is True for row in rows.values()) > 3


def test_a_corrected_spelling_is_told_and_never_complete(home: Home) -> None:
    home.shop.switches.corrects_query = True
    ended = home.crawl()
    assert ended.code == 0, ended.said
    coverage = ended.summary["coverage"]
    assert coverage["complete"] is False
    assert "the list is of 'whisky', not of 'wisky'" in coverage["why"]
    assert any("took 'wisky' for a misspelling" in said for said in ended.summary["warnings"])
    assert "took 'wisky' for a misspelling" in ended.said


def test_messages_of_older_pages_empty_a_listing_too(home: Home) -> None:
    home.shop.switches.no_results_on = "."
    for year in (2023, 2026):
        home.shop.switches.banner_year = year
        ended = home.crawl(run=f"local/{year}")
        assert (ended.code, ended.result) == (0, [])
