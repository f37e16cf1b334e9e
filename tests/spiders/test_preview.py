"""The spider ``preview`` against the stand-in shop: one page, checked as a crawl checks it."""

from pathlib import Path

import pytest

from category_crawler.run.preview_report import PreviewReport, read_preview
from tests.crawls import URL, Home
from tests.storefront import Catalogue, Storefront, Switches

OPTIONS = {"category_url": URL, "report": "p1"}


@pytest.fixture
def here(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home, whose files this process reads too."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    return home


def preview(home: Home, **arguments: str) -> PreviewReport:
    ended = home.deliver("preview", **OPTIONS | arguments)
    report = read_preview("p1")
    assert report is not None, ended.said
    assert (ended.code == 0) == (report.stage == "done"), ended.said
    return report


def listings(shop: Storefront) -> list[str]:
    return [request.path for request in shop.requests if request.path.startswith("/s?")]


def test_one_page_says_what_a_crawl_would_be_like(here: Home, shop: Storefront) -> None:
    report = preview(here)
    assert (report.stage, report.problem) == ("done", None)
    assert (report.reported_total, report.reported_is_rounded) == (60, False)
    assert len(report.products) == 8
    assert {p.asin for p in report.products} <= shop.catalogue.asins()
    first = report.products[0]
    assert None not in (first.title, first.image_url, first.price_cents, first.delivery)
    assert report.location is not None
    assert "4500" in report.location
    assert len(listings(shop)) == 1
    assert [path.name for path in (here.folder / "results").iterdir()] == ["reports"], "no run"


def test_the_estimate_is_near_what_the_crawl_takes(here: Home, shop: Storefront) -> None:
    expected = preview(here).requests
    before = len(listings(shop))
    assert here.crawl().code == 0
    assert expected == len(listings(shop)) - before


@pytest.mark.parametrize(("products", "cap"), [(400, 96), (1000, 306)])
def test_a_divided_category_is_foreseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, products: int, cap: int
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    with Storefront(Catalogue(products), Switches(page_bytes=0, cap=cap)).serve() as shop:
        home = Home(tmp_path, shop)
        home.settings()
        home.make_session()
        expected = preview(home).requests
        before = len(listings(shop))
        ended = home.crawl()
        assert ended.code == 0, ended.said
        assert expected == pytest.approx(len(listings(shop)) - before, rel=0.25)


def test_filters_are_named_with_what_became_of_them(here: Home, shop: Storefront) -> None:
    asked = {
        "filter_prime_ships_from_au": "true",
        "filter_delivery_day": "within_2_days",
        "price_max_cents": "50000",
    }
    report = preview(here, **asked)
    assert [(f.name, f.applied) for f in report.filters] == [
        ("filter_prime_ships_from_au", True),
        ("filter_delivery_day", True),
        ("price", True),
    ]
    assert report.reported_total is not None
    assert 0 < report.reported_total < 60
    assert len(listings(shop)) == 2, "the first page tells the filter of the delivery day"


def test_a_filter_that_the_shop_drops_is_a_problem_and_no_estimate(
    here: Home, shop: Storefront
) -> None:
    shop.switches.drop_filter = "p_n_prime_domestic"
    report = preview(here, filter_prime_ships_from_au="true", price_max_cents="50000")
    assert report.stage == "done"
    assert report.problem is not None
    assert "p_n_prime_domestic:6845356051" in report.problem
    assert [(f.name, f.applied) for f in report.filters] == [
        ("filter_prime_ships_from_au", False),
        ("price", True),
    ]
    assert report.requests is None
    ended = here.crawl(filter_prime_ships_from_au="true")
    assert ended.summary["failed_reason"] == "filter_not_applied"


def test_a_price_range_that_the_shop_drops_is_a_problem(here: Home, shop: Storefront) -> None:
    shop.switches.drop_filter, shop.switches.keep_summary = "p_36", False
    report = preview(here, price_max_cents="3000")
    assert report.problem is not None
    assert [(f.name, f.applied) for f in report.filters] == [("price", False)]


def test_a_delivery_day_that_is_not_offered_is_a_problem(here: Home, shop: Storefront) -> None:
    shop.switches.no_delivery_day = True
    report = preview(here, filter_delivery_day="tomorrow")
    assert report.problem is not None
    assert [(f.name, f.applied) for f in report.filters] == [("filter_delivery_day", False)]
    assert report.requests is None


def test_the_limit_of_products_shortens_the_crawl(here: Home, shop: Storefront) -> None:
    whole = preview(here).requests
    report = preview(here, max_products="30")
    assert (report.reported_total, report.requests) == (60, 2)
    assert whole is not None
    assert whole > 2


def test_an_empty_list_has_no_product(here: Home, shop: Storefront) -> None:
    shop.switches.no_results_on = "."
    report = preview(here)
    assert (report.stage, report.reported_total, report.products) == ("done", 0, [])


@pytest.mark.parametrize(
    ("block", "reason"), [("captcha", "blocked"), ("waf", "blocked"), ("browse", "not_a_listing")]
)
def test_a_block_is_told_at_once(here: Home, shop: Storefront, block: str, reason: str) -> None:
    shop.switches.block, shop.switches.block_from = block, 1
    here.settings("BLOCK_PAUSE = 600\nDOWNLOAD_DELAY = 0\nRETRY_PAUSE = 0.01\n")
    report = preview(here)
    assert (report.stage, report.failed_reason) == ("failed", reason)
    assert report.failed_message
    assert report.products == []


def test_robots_txt_is_obeyed(here: Home, shop: Storefront) -> None:
    shop.switches.robots = "all"
    assert preview(here).failed_reason == "robots_disallowed"
    assert listings(shop) == []


def test_a_page_for_another_place_is_refused(here: Home, shop: Storefront) -> None:
    shop.expire_sessions()
    report = preview(here)
    assert (report.stage, report.failed_reason) == ("failed", "location_lost")


def test_a_shop_that_does_not_answer_is_given_up_in_time(here: Home, shop: Storefront) -> None:
    shop.switches.block, shop.switches.block_from = "error", 1
    here.settings("PREVIEW_TIMEOUT = 3\nDOWNLOAD_DELAY = 0\nRETRY_PAUSE = 30\n")
    report = preview(here)
    assert (report.stage, report.failed_reason) == ("failed", "took_too_long")
    assert report.failed_message is not None
    assert "PREVIEW_TIMEOUT" in report.failed_message


def test_the_pace_is_that_of_the_shop(here: Home) -> None:
    here.settings("DOWNLOAD_DELAY = 0.5\nAUTOTHROTTLE_ENABLED = false\n")
    assert preview(here).seconds_a_request == 0.5


def test_what_cannot_start_is_said_at_once(here: Home, shop: Storefront) -> None:
    ended = here.deliver("preview", category_url=URL, amazon_node_id="1")
    assert ended.code == 2
    assert "amazon_node_id is 1" in ended.said
    assert shop.requests == []
