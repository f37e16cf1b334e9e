"""The category spider against the shop: the right rows, or the right reason."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from category_crawler.process_watch import PARENT
from category_crawler.tables.csv_table import write_csv
from tests.api.services import free_port
from tests.crawls import QUICK, URL, Home
from tests.forks import start
from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.catalogue import EMPTY_NODE, NODE, NODE_NAMES
from tests.waiting import until


def test_every_product_of_the_category_is_kept_once_in_order(home: Home) -> None:
    ended = home.crawl()
    assert ended.code == 0, ended.said
    assert set(ended.asins) == home.shop.catalogue.asins()
    assert len(ended.asins) == len(set(ended.asins)) == 60
    assert [row["position"] for row in ended.result] == list(range(1, 61))
    assert [row["page"] for row in ended.result] == [1] * 24 + [2] * 24 + [3] * 12
    assert not any(row["sponsored"] for row in ended.result)
    assert ended.summary["stage"] == "done"
    assert ended.summary["coverage"]["complete"] is True
    assert "The list is complete: every one of the 60" in ended.said.splitlines()[-1]


def test_a_row_says_what_the_shop_knows(home: Home) -> None:
    for row in home.crawl().result:
        item = home.shop.catalogue.by_asin[row["asin"]]
        assert row["title"] == item.title
        assert row["price_cents"] == item.price_cents
        assert row["rating"] == item.rating
        assert row["review_count"] == item.reviews
        assert row["currency"] == "AUD"
        assert row["url"] == f"https://www.amazon.com.au/dp/{item.asin}"
        assert row["scraped_at"].endswith("Z")


@pytest.mark.parametrize("node", [NODE, "5130770051"])
def test_the_run_knows_the_nodes_name_from_the_rail(home: Home, node: str) -> None:
    ended = home.crawl(category_url=URL.replace(NODE, node))
    told = [json.loads(line)["node_name"] for line in (ended.folder / "journal.jsonl").open()]
    assert ended.summary["node_name"] == told[0] == NODE_NAMES[node]
    assert set(told[1:]) <= {None}, "it is written once"
    assert json.loads((ended.folder / "progress.json").read_bytes())["node_name"] == told[0]


def test_a_resumed_run_still_knows_the_nodes_name(home: Home) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "captcha", 2
    assert home.crawl().summary["node_name"] == "Lighting"
    home.shop.switches.block_from = 0
    (home.folder / "results/local/a/progress.json").unlink()
    ended = home.resume()
    assert (ended.summary["stage"], ended.summary["node_name"]) == ("done", "Lighting")


def test_all_filters_together(home: Home) -> None:
    ended = home.crawl(
        filter_prime_ships_from_au="true",
        filter_delivery_day="within_2_days",
        price_min_cents=1000,
        price_max_cents=20000,
    )
    right = home.shop.catalogue.asins(prime=True, within_days=2, low=1000, high=20000)
    assert set(ended.asins) == right
    assert ended.summary["coverage"]["complete"] is True
    learning = home.shop.listing_requests[0]
    assert "p_90" not in learning.path


def test_without_a_postcode_no_session_is_used_and_no_location_checked(home: Home) -> None:
    ended = home.crawl(postcode=None)
    assert set(ended.asins) == home.shop.catalogue.asins()
    assert {row["currency"] for row in ended.rows if row["price_cents"]} == {"USD"}


def test_products_only_advertised_come_last_where_they_are_asked_for(home: Home) -> None:
    home.shop.switches.adverts = 12
    ended = home.crawl("-O", f"{home.folder}/out.jsonl", include_sponsored="true")
    organic = home.shop.catalogue.asins()
    advertised = {item.asin for item in home.shop.catalogue.advertised}
    assert set(ended.asins[:60]) == organic
    assert set(ended.asins[60:]) == advertised
    assert all(row["sponsored"] and row["position"] is None for row in ended.result[60:])
    exported = [json.loads(line) for line in (home.folder / "out.jsonl").open()]
    assert [row["asin"] for row in exported] == ended.asins


def test_max_products_stops_there(home: Home) -> None:
    ended = home.crawl(max_products=30)
    assert len(ended.result) == 30
    assert len(home.shop.listing_requests) == 2
    assert ended.summary["coverage"]["complete"] is False


def test_the_same_product_on_several_pages_is_one_row(home: Home) -> None:
    home.shop.switches.repeats = 5
    assert len(home.crawl().asins) == 60


def test_a_plain_walk_of_a_capped_listing_is_known_to_be_incomplete(home: Home) -> None:
    home.shop.switches.cap = 40
    home.shop.switches.advertise_total = True
    ended = home.crawl(whole="false")
    assert (ended.code, len(ended.rows)) == (0, 40)
    assert ended.summary["coverage"]["complete"] is False
    assert ended.summary["coverage"]["slices"] == 1


def test_a_capped_category_is_found_by_slices(home: Home) -> None:
    home.shop.switches.cap = 24
    home.shop.switches.page_size = 16
    ended = home.crawl()
    catalogue = home.shop.catalogue
    priced = {asin for asin in catalogue.asins() if catalogue.by_asin[asin].price_cents is not None}
    assert ended.code == 0, ended.said
    assert priced <= set(ended.asins) <= catalogue.asins()
    assert len(ended.asins) == len(set(ended.asins))
    coverage = ended.summary["coverage"]
    assert coverage["slices"] > 2
    assert coverage["requests"] == len(home.shop.listing_requests)
    assert coverage["complete"] is (set(ended.asins) == catalogue.asins())
    progress = json.loads((ended.folder / "progress.json").read_bytes())
    assert progress["total_pages"] == progress["pages_finished"] == coverage["requests"]
    assert progress["total_pages_is_estimate"] is True
    assert progress["coverage"] == coverage
    plain = [row for row in ended.result if row["page"] is not None]
    assert [row["position"] for row in plain] == list(range(1, 25))


def test_pages_come_several_at_a_time_as_far_as_the_settings_allow(home: Home) -> None:
    home.shop.switches.cap = 24
    home.shop.switches.page_size = 16
    home.shop.switches.latency = 0.05
    one = home.crawl()
    several = home.crawl("-s", "CONCURRENT_REQUESTS_PER_DOMAIN=6", run="local/b")
    assert set(several.asins) == set(one.asins)
    assert several.summary["coverage"]["slices"] == one.summary["coverage"]["slices"]


def test_many_slices_change_while_the_requests_for_others_are_handed_on(tmp_path: Path) -> None:
    switches = Switches(page_size=16, cap=48, page_bytes=0)
    with Storefront(Catalogue(600, without_price=0), switches).serve() as shop:
        home = Home(tmp_path, shop)
        home.settings(f"{QUICK}CONCURRENT_REQUESTS_PER_DOMAIN = 8\n")
        home.make_session()
        ended = home.crawl()
    assert ended.code == 0, ended.said
    assert sorted(ended.asins) == sorted(shop.catalogue.asins())


def test_a_slice_that_the_shop_does_not_narrow_adds_nothing(home: Home) -> None:
    home.shop.switches.cap = 24
    home.shop.switches.drop_filter = "p_36"
    ended = home.crawl()
    assert ended.code == 0, ended.said
    assert len(ended.asins) == len(set(ended.asins)) > 24
    assert ended.summary["coverage"]["complete"] is (len(ended.asins) == 60)


def test_a_bound_on_requests_ends_the_run(home: Home) -> None:
    home.shop.switches.cap = 24
    ended = home.crawl("-s", "MAX_REQUESTS=3")
    assert (ended.code, len(home.shop.listing_requests)) == (0, 3)
    assert ended.summary["coverage"]["complete"] is False
    assert "MAX_REQUESTS" in ended.summary["coverage"]["why"]


def test_the_log_says_at_the_start_how_large_the_category_is(home: Home) -> None:
    said = home.crawl().said
    assert said.count("The shop reports 60 products; at most 20,000 requests are made") == 1


def test_an_empty_category_is_done_with_no_product(home: Home) -> None:
    ended = home.crawl(category_url=URL.replace(NODE, EMPTY_NODE))
    assert (ended.code, ended.result) == (0, [])
    assert ended.summary["coverage"]["complete"] is True


@pytest.mark.parametrize(
    ("switches", "arguments", "reason", "kept"),
    [
        ({"wrong_location_from": 2}, {}, "location_lost", 24),
        ({"no_location_from": 2}, {}, "location_lost", 24),
        ({"wrong_currency_from": 3}, {}, "location_lost", 48),
        ({"drop_node": True}, {}, "node_not_applied", 0),
        ({"drop_filter": "p_36"}, {"price_max_cents": 2000}, "filter_not_applied", 0),
        (
            {"drop_filter": "p_36", "keep_summary": False},
            {"price_max_cents": 2000},
            "filter_not_applied",
            0,
        ),
        (
            {"drop_filter": "p_n_prime_domestic"},
            {"filter_prime_ships_from_au": "true"},
            "filter_not_applied",
            0,
        ),
        ({}, {"category_url": f"{URL}%2Cp_89%3AUnheard"}, "filter_not_applied", 0),
        ({"no_delivery_day": True}, {"filter_delivery_day": "tomorrow"}, "filter_unavailable", 0),
        ({"empty_page_from": 2}, {}, "not_a_listing", 24),
        ({"titles_missing_from": 3}, {}, "unreadable_page", 48),
        ({"prices_missing_from": 2}, {}, "unreadable_page", 24),
        ({"block": "browse", "block_from": 1}, {}, "not_a_listing", 0),
        ({"block": "not_found", "block_from": 2}, {}, "not_a_listing", 24),
        ({"block": "captcha", "block_from": 2}, {}, "blocked", 24),
        ({"block": "waf", "block_from": 2}, {}, "blocked", 24),
        ({"block": "sign_in", "block_from": 2}, {}, "blocked", 24),
        ({"block": "error", "block_from": 2}, {}, "blocked", 24),
        ({"block": "server_busy", "block_from": 2}, {}, "blocked", 24),
        ({"block": "captcha_503", "block_from": 3}, {}, "blocked", 48),
        ({"block": "reset", "block_from": 2}, {}, "unreachable", 24),
        ({"block": "elsewhere", "block_from": 2}, {}, "redirected", 24),
        ({"block": "language", "block_from": 2}, {}, "redirected", 24),
    ],
    ids=lambda value: (
        "-".join(f"{k}={v}" for k, v in value.items())[:60] if isinstance(value, dict) else None
    ),
)
def test_a_page_that_is_not_what_was_asked_for_ends_the_run(
    home: Home, switches: dict[str, Any], arguments: dict[str, Any], reason: str, kept: int
) -> None:
    for name, value in switches.items():
        setattr(home.shop.switches, name, value)
    ended = home.crawl("-s", "RETRY_TIMES=2", **arguments)
    assert ended.summary["failed_reason"] == reason, ended.said
    assert ended.summary["stage"] == "failed"
    assert ended.summary["coverage"]["complete"] is False
    assert len(ended.rows) == ended.summary["asin_count"] == kept
    assert not (ended.folder / "category_asins.json").exists()
    assert ended.code == 1
    assert reason in ended.said.splitlines()[-1]
    assert "Traceback" not in ended.said


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ("titles_missing_from", "title"),
        ("prices_missing_from", "price_cents"),
        ("empty_page_from", None),
    ],
)
def test_a_page_that_no_reader_understands_is_kept_for_them(
    home: Home, switch: str, missing: str | None
) -> None:
    setattr(home.shop.switches, switch, 2)
    ended = home.crawl()
    message = ended.summary["failed_message"]
    assert "unreadable.html.gz for python -m category_crawler.pages" in message
    kept = ended.folder / "unreadable.html.gz"
    assert kept.stat().st_mode & 0o077 == 0
    said = subprocess.run(
        [sys.executable, "-m", "category_crawler.pages", kept, "--domain", "amazon.com.au"],
        capture_output=True,
        check=True,
    )
    products = json.loads(said.stdout)["products"]
    # The third page, whose answer may be the last, has 12 results and some advertisements.
    assert (len(products) >= 12) is bool(missing)
    assert not missing or not any(product[missing] for product in products)


def test_a_category_without_prices_is_none_of_an_unreadable_page(home: Home) -> None:
    home.shop.switches.prices_missing_from = 1
    ended = home.crawl()
    assert (ended.code, len(ended.rows)) == (0, 60), ended.said


@pytest.mark.parametrize("robots", ["us", "all"])
def test_a_listing_that_robots_txt_forbids_is_never_requested(home: Home, robots: str) -> None:
    home.shop.switches.robots = robots
    ended = home.crawl()
    assert ended.summary["failed_reason"] == "robots_disallowed"
    assert home.shop.listing_requests == []


@pytest.mark.parametrize("robots", ["scrapy", "missing"])
def test_a_group_for_another_crawler_is_not_ours(home: Home, robots: str) -> None:
    home.shop.switches.robots = robots
    assert home.crawl().code == 0


def test_the_operator_may_change_agent_and_obedience(home: Home) -> None:
    home.shop.switches.robots = "all"
    home.settings('DOWNLOAD_DELAY = 0\nROBOTSTXT_OBEY = false\nUSER_AGENT = "theirs/1"\n')
    assert home.crawl(max_products=1).code == 0
    assert {request.user_agent for request in home.shop.requests} == {"theirs/1"}


def test_the_crawler_names_itself_and_its_contact(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_CONTACT", "me@example.org")
    home.crawl(max_products=1)
    agents = {request.user_agent for request in home.shop.requests}
    assert len(agents) == 1
    assert agents.pop().startswith("category_crawler/")
    assert home.shop.requests[0].user_agent.endswith("(+me@example.org)")


def test_session_cookies_are_given_once_and_then_the_sites_own_count(home: Home) -> None:
    home.crawl()
    sessions = {request.session_id for request in home.shop.listing_requests}
    assert len(sessions) == 1
    robots = next(request for request in home.shop.requests if request.path == "/robots.txt")
    assert robots.session_id is None


def test_no_cookie_is_logged(home: Home) -> None:
    path = home.folder / "cookies" / "amazon.com.au" / "4500.json"
    values = [cookie["value"] for cookie in json.loads(path.read_text())["cookies"]]
    ended = home.crawl("-L", "DEBUG")
    written = ended.said + "".join(
        file.read_text() for file in ended.folder.iterdir() if file.is_file()
    )
    assert not [value for value in values if len(value) > 8 and value in written]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"category_url": "https://example.com/"}, "example.com"),
        ({"postcode": "99"}, "postcode is '99'"),
        ({"postcode": "2000"}, "No cookie file found for amazon.com.au 2000"),
        ({"colour": "red"}, "unknown argument 'colour'"),
        ({"categori_url": "x"}, "did you mean category_url? known are category_url"),
        ({"run": "1/2"}, "the run '1/2' belongs to a user of the API"),
        ({"resume": "1/2/3"}, "the run '1/2/3' belongs to a user of the API"),
        ({"resume": "local/none"}, "holds no run to resume"),
    ],
)
def test_a_job_that_cannot_begin_ends_with_its_sentence_before_any_request(
    home: Home, arguments: dict[str, Any], says: str
) -> None:
    ended = home.crawl(**arguments)
    assert ended.code == 2
    (said,) = ended.said.splitlines()
    assert says in said
    assert home.shop.requests == []
    assert not (home.folder / "results").exists()


def test_a_run_outside_of_results_is_not_written(home: Home) -> None:
    ended = home.crawl(run="../../etc")
    assert ended.code == 2
    assert "is not below" in ended.said.splitlines()[-1]
    assert home.shop.requests == []


def test_an_unknown_argument_is_answered_with_every_known_one(home: Home) -> None:
    said = home.crawl(colour="red").said
    for name in ("category_url", "postcode", "max_products", "run", "resume", "continue_from"):
        assert f" {name}" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["categry"], "there is no spider 'categry': did you mean category?"),
        (["category", "-s", "DOWNLOAD_DELAYY=3"], "did you mean DOWNLOAD_DELAY?"),
        (["category", "-L", "loud"], "LOG_LEVEL must be one of CRITICAL"),
        (["category", "-s", "DOWNLOAD_DELAY=slow"], "DOWNLOAD_DELAY must be a number, not 'slow'"),
        (["delivery", "-a", "postcod=4500"], "did you mean postcode?"),
        (["delivery", "-a", "domain=amazon.com.au"], "postcode '' is not one of amazon.com.au"),
        (["delivery_check", "-a", "suburb=X"], "unknown argument 'suburb'"),
    ],
)
def test_what_is_mistyped_is_one_sentence(home: Home, words: list[str], says: str) -> None:
    ended = start("scrapy", "crawl", *words, environment=home.environment)
    (said,) = ended.communicate()[1].splitlines()
    assert ended.wait() == 2
    assert says in said


def test_a_spider_that_dies_at_its_start_says_so_and_not_done(home: Home) -> None:
    home.settings('EXTENSIONS = {"tests.trouble.DyingExtension" = 1}\n')
    ended = home.crawl()
    assert ended.code == 2
    assert "Cannot start: RuntimeError: no licence was found" in ended.said
    assert "Done." not in ended.said


def test_no_start_is_a_success_under_scrapys_other_process(home: Home) -> None:
    home.settings('EXTENSIONS = {"tests.trouble.DyingExtension" = 1}\n')
    ended = home.crawl("-s", "FORCE_CRAWLER_PROCESS=1")
    assert ended.code == 2
    assert "Cannot start: RuntimeError: no licence was found" in ended.said


@pytest.mark.parametrize(
    ("sent", "reason"), [(signal.SIGINT, "cancelled"), (signal.SIGTERM, "interrupted")]
)
def test_a_signal_ends_the_run_and_keeps_its_rows(
    home: Home, sent: signal.Signals, reason: str
) -> None:
    home.shop.switches.block = "hang"
    home.shop.switches.block_from = 3
    process = home.start("-s", "DOWNLOAD_TIMEOUT=3", "-s", "RETRY_TIMES=0")
    while len(home.shop.listing_requests) < 3:
        time.sleep(0.02)
    process.send_signal(sent)
    process.communicate(timeout=30)
    summary = json.loads((home.folder / "results/local/a/summary.json").read_bytes())
    assert (summary["failed_reason"], summary["signal"]) == (reason, sent.name)
    assert summary["asin_count"] == 48


def test_a_spider_whose_parent_died_while_it_started_asks_for_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A PID that cannot be its parent's.
    monkeypatch.setenv("CATEGORY_CRAWLER_PARENT", "1999999")
    ended = home.crawl()
    assert (ended.code, home.shop.listing_requests) == (1, [])


def test_a_spider_that_hangs_ends_itself_after_the_grace_time(home: Home) -> None:
    home.shop.switches.block = "hang"
    home.shop.switches.block_from = 2
    process = home.start("-s", "DOWNLOAD_TIMEOUT=600", "-s", "CANCEL_GRACE=0.5")
    until(lambda: len(home.shop.listing_requests), lambda count: count > 1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    summary = json.loads((home.folder / "results/local/a/summary.json").read_bytes())
    assert (summary["failed_reason"], summary["asin_count"]) == ("cancelled", 24)


def test_a_job_of_scrapyd_ignores_further_signals(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PARENT, str(os.getpid()))
    home.shop.switches.block = "hang"
    home.shop.switches.block_from = 3
    process = home.start_child("-s", "DOWNLOAD_TIMEOUT=3", "-s", "RETRY_TIMES=0")
    until(lambda: len(home.shop.listing_requests), lambda count: count > 2)
    for sent in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        process.send_signal(sent)
        time.sleep(0.1)
    process.communicate(timeout=30)
    summary = json.loads((home.folder / "results/local/a/summary.json").read_bytes())
    assert (summary["failed_reason"], summary["signal"]) == ("cancelled", "SIGINT")
    assert summary["asin_count"] == 48


@pytest.mark.parametrize("odd", ["not_found", "browse"])
def test_one_odd_page_does_not_end_a_run(home: Home, odd: str) -> None:
    home.shop.switches.block = odd
    home.shop.switches.block_from, home.shop.switches.block_times = 2, 1
    ended = home.crawl()
    assert (ended.summary["stage"], len(ended.asins)) == ("done", 60)
    assert ended.summary["coverage"]["complete"] is True
    assert len(home.shop.listing_requests) == 4


@pytest.mark.parametrize("odd", ["not_found", "browse"])
def test_a_page_that_stays_odd_is_named_and_the_run_goes_on(home: Home, odd: str) -> None:
    home.shop.switches.block = odd
    home.shop.switches.block_from, home.shop.switches.block_times = 2, 2
    ended = home.crawl()
    coverage = ended.summary["coverage"]
    assert ended.summary["stage"] == "done"
    assert len(ended.asins) >= 57, "all but those without a price are found by price"
    if not coverage["complete"]:
        assert "page=2 could not be read, twice" in coverage["why"]
    assert home.crawl(run="local/b", continue_from="local/a").summary["asin_count"] >= 57


def test_a_run_that_failed_is_resumed_and_one_that_is_done_is_not(home: Home) -> None:
    home.shop.switches.block = "not_found"
    home.shop.switches.block_from = 2
    assert home.crawl().summary["stage"] == "failed"
    home.shop.switches.block = ""
    assert len(home.resume().result) == 60
    again = home.resume()
    assert again.code == 2
    assert "has already ended" in again.said.splitlines()[-1]


def test_a_new_run_continues_an_earlier_one(home: Home) -> None:
    home.shop.switches.block = "not_found"
    home.shop.switches.block_from = 3
    earlier = home.crawl()
    home.shop.switches.block = ""
    ended = home.crawl(run="local/b", continue_from="local/a")
    assert len(ended.result) == 60
    assert len(earlier.rows) == 48
    # Two pages, three odd ones twice, and the one that was missing.
    assert len(home.shop.listing_requests) == 2 + 6 + 1


def test_a_killed_run_is_resumed_without_loss_or_repetition(home: Home) -> None:
    home.shop.switches.block = "hang"
    home.shop.switches.block_from = 3
    home.shop.switches.block_times = 1
    process = home.start("-s", "DOWNLOAD_TIMEOUT=30")
    while len(home.shop.listing_requests) < 3:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    ended = home.resume()
    assert ended.code == 0, ended.said
    assert sorted(row["asin"] for row in ended.result) == sorted(home.shop.catalogue.asins())
    assert len(home.shop.listing_requests) == 4


@pytest.mark.parametrize(
    ("domain", "postcode"),
    [("amazon.com", "20105"), ("amazon.de", "10115"), ("amazon.co.uk", "W12 7RJ")],
)
def test_other_marketplaces(home: Home, domain: str, postcode: str) -> None:
    home.make_session(domain, postcode.replace(" ", ""))
    ended = home.crawl(category_url=f"https://www.{domain}/s?rh=n%3A{NODE}", postcode=postcode)
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said


def test_a_filter_the_marketplace_lacks_is_named_not_silently_left_out(home: Home) -> None:
    home.make_session("amazon.com", "20105")
    ended = home.crawl(
        category_url=f"https://www.amazon.com/s?rh=n%3A{NODE}",
        postcode="20105",
        filter_prime_ships_from_au="true",
    )
    assert ended.code == 0
    assert ended.summary["warnings"] == [
        "filter_prime_ships_from_au is not supported on amazon.com and was not applied"
    ]


def test_a_feed_of_a_resumed_run_has_every_row(home: Home, tmp_path: Path) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "captcha", 2
    feed = tmp_path / "out.jsonl"
    assert home.crawl("-O", str(feed)).code == 1
    first = feed.read_text().splitlines()
    assert len(first) == 24
    home.shop.switches.block = ""
    ended = home.crawl("-O", str(feed), resume="local/a")
    assert ended.code == 0
    rows = [json.loads(line)["asin"] for line in feed.read_text().splitlines()]
    assert rows == ended.asins
    assert len(set(rows)) == 60


def test_a_feed_that_is_added_to_gets_no_row_twice(home: Home, tmp_path: Path) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "captcha", 2
    feed = tmp_path / "out.jsonl"
    home.crawl("-o", str(feed))
    home.shop.switches.block = ""
    ended = home.crawl("-o", str(feed), resume="local/a")
    rows = [json.loads(line)["asin"] for line in feed.read_text().splitlines()]
    assert sorted(rows) == sorted(ended.asins)
    assert "The 24 rows kept before are not added to the feed again" in ended.said


def test_a_run_that_continues_another_has_its_rows_in_the_feed(home: Home, tmp_path: Path) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "captcha", 2
    home.crawl()
    home.shop.switches.block = ""
    ended = home.crawl("-o", f"{tmp_path}/out.csv", run="local/b", continue_from="local/a")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 61
    assert len(ended.rows) == 60


def test_without_a_network_it_says_at_once_what_is_tried(home: Home) -> None:
    nowhere = dataclasses.replace(home, shop=_NoShop())
    process = nowhere.start_child("-L", "WARNING", "-s", "RETRY_PAUSE=2")
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert "www.amazon.com.au gives no answer (" in said
        assert "It is asked 8 more times, with pauses of 8 min in all" in said
    finally:
        process.terminate()
        process.communicate(timeout=30)


class _NoShop:
    """A proxy that nobody listens on."""

    def environment(self) -> dict[str, str]:
        return {"https_proxy": f"http://127.0.0.1:{free_port()}"}


def test_the_csv_feed_of_a_crawl_is_the_table_of_the_api(home: Home, tmp_path: Path) -> None:
    ended = home.crawl("-O", f"{tmp_path}/out.csv")
    table = BytesIO()
    write_csv(ended.rows, table)
    assert (tmp_path / "out.csv").read_bytes() == table.getvalue()
    assert len(ended.rows) == 60
