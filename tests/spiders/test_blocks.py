"""Block pages and failures: retried, waited out, or the reason why the crawl stops."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from category_crawler.run.reader import RunFolder
from tests.crawls import URL, Ended, Home
from tests.storefront.block import BLOCKS
from tests.waiting import until

DAMAGED = (
    *("truncate", "cut_chunks", "cut_html", "no_html", "cut_gzip", "no_gzip", "gzip_unsaid"),
    *("cut_brotli", "no_brotli", "no_deflate", "no_zstd", "utf_16"),
)
"""Blocks that damage a listing's bytes; tests of a blocked first page use only two of them."""
FIRST_PAGE_REASONS = {
    "browse": "not_a_listing",
    "not_found": "not_a_listing",
    "elsewhere": "redirected",
    "language": "redirected",
    "zip_bomb": "too_large",
    "brotli_bomb": "too_large",
    "huge": "too_large",
    "deep": "not_a_listing",
    "hang": "unreachable",
    "reset": "unreachable",
}
"""Reasons for blocks that are neither damage nor challenges."""
READ = ("bad_byte", "no_charset", "many_cookies")
"""Odd listings that are read."""
TOO_MUCH = ("zip_bomb", "brotli_bomb", "huge", "deep")
"""Answers that would take too much memory or time."""
CHALLENGES = ("captcha", "captcha_503", "interstitial", "waf", "waf_captcha", "akamai", "sign_in")


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b not in (*DAMAGED, *READ)] + ["truncate", "no_html"]
)
def test_a_block_of_the_first_page_is_never_an_empty_category(home: Home, block: str) -> None:
    home.shop.switches.block = block
    home.shop.switches.block_from = 1
    seconds = 1 if block == "hang" else 30
    ended = home.crawl("-s", "RETRY_TIMES=0", "-s", f"DOWNLOAD_TIMEOUT={seconds}")
    reason = FIRST_PAGE_REASONS.get(block, "unreachable" if block in DAMAGED else "blocked")
    assert (ended.code, ended.summary["stage"]) == (1, "failed"), ended.said
    assert ended.summary["failed_reason"] == reason
    assert ended.summary["coverage"]["complete"] is False
    assert not (ended.folder / "category_asins.json").exists()


@pytest.mark.parametrize("block", TOO_MUCH)
def test_one_answer_that_is_too_much_is_asked_for_again_and_then_done_without(
    home: Home, block: str
) -> None:
    home.shop.switches.block, home.shop.switches.block_from = block, 2
    home.shop.switches.block_times = 2
    process = home.start("-s", "AUDIT_PAGES=0")
    most = 0
    while process.poll() is None:
        most = max(most, memory_of(process.pid))
        time.sleep(0.05)
    process.communicate()
    assert most < 250_000_000, "bytes"
    summary = json.loads((home.folder / "results/local/a/summary.json").read_bytes())
    assert summary["stage"] == "done"
    asked = home.shop.listing_requests
    assert asked[1].path == asked[2].path
    assert summary["asin_count"] >= 36
    assert summary["coverage"]["complete"] is (summary["asin_count"] == 60)


def test_what_the_end_of_the_plan_adds_is_in_the_feed_whatever_the_last_page_was(
    home: Home, tmp_path: Path
) -> None:
    """The advertisements without an organic result come after the last page."""
    home.shop.switches.block, home.shop.switches.block_from = "brotli_bomb", 3
    feed = tmp_path / "out.jsonl"
    ended = home.crawl(
        "-O", str(feed), "-s", "AUDIT_PAGES=0", include_sponsored="true", whole="false"
    )
    assert ended.code == 0, ended.said
    assert any(row["sponsored"] for row in ended.rows)
    fed = [json.loads(line)["asin"] for line in feed.read_text().splitlines()]
    assert fed == ended.asins


def test_a_byte_that_is_wrong_again_is_read_with_a_warning(home: Home) -> None:
    switches = home.shop.switches
    switches.block, switches.block_from, switches.block_times = "bad_byte", 2, 2
    ended = home.crawl()
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    garbled = [row for row in ended.rows if "\ufffd" in row["title"]]
    assert [row["page"] for row in garbled] == [2] * 24
    (warning,) = ended.summary["warnings"]
    assert warning.startswith(f"page 2 of {URL} holds bytes that are not in the charset")


def test_a_byte_that_is_wrong_once_leaves_no_trace(home: Home) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "bad_byte", 2
    home.shop.switches.block_times = 1
    ended = home.crawl()
    assert (ended.code, len(ended.asins), ended.summary["warnings"]) == (0, 60, [])
    assert [row for row in ended.rows if "\ufffd" in row["title"]] == []


@pytest.mark.parametrize("block", ["no_charset", "many_cookies"])
def test_an_odd_answer_that_can_be_read_does_not_stop_the_crawl(home: Home, block: str) -> None:
    home.shop.switches.block, home.shop.switches.block_from = block, 2
    home.shop.switches.block_times = 1
    ended = home.crawl()
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    assert "Traceback" not in ended.said
    assert len({request.session_id for request in home.shop.listing_requests}) == 1


def memory_of(number: int) -> int:
    """The bytes that a process holds in memory; 0 once it has gone."""
    try:
        pages = Path(f"/proc/{number}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("block", CHALLENGES)
def test_a_challenged_page_is_asked_for_once_more_after_a_long_pause(
    home: Home, block: str
) -> None:
    home.shop.switches.block = block
    home.shop.switches.block_from = 2
    home.shop.switches.block_times = 1
    ended = home.crawl("-s", "BLOCK_PAUSE=0.5", "-s", "RETRY_TIMES=0")
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    asked = home.shop.listing_requests
    assert ended.summary["coverage"]["requests"] == len(asked) == 4
    assert asked[1].path == asked[2].path
    assert asked[2].at - asked[1].at >= 0.5


def test_a_page_challenged_twice_is_named_with_its_request(home: Home) -> None:
    home.shop.switches.block = "captcha"
    home.shop.switches.block_from = 3
    ended = home.crawl()
    assert len(ended.rows) == 48
    assert len(home.shop.listing_requests) == 4
    message = ended.summary["failed_message"]
    assert "captcha" in message
    assert f"page 3 of {URL}, at request 4 of the run" in message


def test_a_block_holds_up_all_pages_that_are_on_their_way_at_once(home: Home) -> None:
    home.shop.switches.page_size = 16
    home.shop.switches.latency = 0.1
    home.shop.switches.block = "captcha"
    home.shop.switches.block_from = 2
    home.shop.switches.block_times = 3
    ended = home.crawl("-s", "BLOCK_PAUSE=1.5", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=6")
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    asked = home.shop.listing_requests
    blocked = [request.at for request in asked if request.answered == "captcha"]
    again = [request.at for request in asked[4:]]
    assert (len(blocked), len(again)) == (3, 3)
    assert min(again) > max(blocked)
    assert min(again) - min(blocked) >= 1.5
    assert ended.said.count("Waiting 2 s") == 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_pause_of_a_block_ends_the_run_at_once(
    home: Home, sent: signal.Signals
) -> None:
    home.shop.switches.block = "interstitial"
    home.shop.switches.block_from = 2
    process = home.start("-s", "BLOCK_PAUSE=600")
    run = RunFolder(home.folder / "results/local/a")
    progress = until(lambda: run.progress, lambda told: told is not None and told.pause is not None)
    assert progress.pause.seconds == 600
    assert "continue shopping" in progress.pause.reason
    process.send_signal(sent)
    process.communicate(timeout=60)
    assert run.summary is not None
    assert run.summary.signal == sent.name
    assert run.summary.asin_count == 24
    assert len(home.shop.listing_requests) == 2


def test_failures_that_pass_are_tried_again(home: Home) -> None:
    home.shop.switches.block = "error|error_200|server_busy|rate_limit|reset|truncate"
    home.shop.switches.block_every = 2
    ended = home.crawl()
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    assert ended.summary["coverage"]["requests"] == len(home.shop.listing_requests)


def test_damage_that_passes_is_mended_by_another_try(home: Home) -> None:
    home.shop.switches.block = "|".join(DAMAGED)
    home.shop.switches.block_share = 0.7
    ended = home.crawl("-s", "RETRY_TIMES=50", "-s", "RETRY_PAUSE_MAX=0.01")
    assert (ended.code, len(ended.asins)) == (0, 60), ended.said
    answered = {request.answered for request in home.shop.listing_requests}
    assert len(answered & set(DAMAGED)) > 3
    assert ended.summary["coverage"]["requests"] == len(home.shop.listing_requests)


@pytest.mark.parametrize("block", DAMAGED)
def test_a_damaged_page_is_tried_again_and_never_kept(home: Home, block: str) -> None:
    home.shop.switches.block = block
    home.shop.switches.block_from = 2
    ended = home.crawl("-s", "RETRY_TIMES=1")
    assert ended.summary["failed_reason"] == "unreachable", ended.said
    assert len(ended.rows) == ended.summary["asin_count"] == 24
    assert "in 2 tries" in ended.summary["failed_message"]
    assert len(home.shop.listing_requests) == 3
    assert "Traceback" not in ended.said


def test_a_shop_without_one_good_answer_ends_the_run_within_the_budget(home: Home) -> None:
    home.shop.switches.block = "error"
    home.shop.switches.block_from = 2
    ended = home.crawl("-s", "RETRY_PAUSE=0.4", "-s", "RETRY_BUDGET=1")
    assert ended.summary["failed_reason"] == "blocked"
    # 0.4 s is within the budget; the next pause, 0.8 s, would exceed it.
    assert len(home.shop.listing_requests) == 3


def test_good_answers_renew_the_budget(home: Home) -> None:
    home.shop.switches.block = "error"
    home.shop.switches.block_every = 2
    ended = home.crawl("-s", "RETRY_PAUSE=0.6", "-s", "RETRY_BUDGET=1")
    assert (ended.code, len(home.shop.listing_requests)) == (0, 5)


def test_retry_after_is_honoured(home: Home) -> None:
    home.shop.switches.block = "rate_limit"
    home.shop.switches.block_from = 2
    home.shop.switches.block_times = 1
    home.shop.switches.retry_after = "2"
    assert home.crawl().code == 0
    times = [request.at for request in home.shop.listing_requests]
    assert times[2] - times[1] >= 2


def test_a_site_that_asks_for_a_long_wait_is_not_asked_again(home: Home) -> None:
    home.shop.switches.block = "rate_limit"
    home.shop.switches.block_from = 2
    home.shop.switches.retry_after = "86400"
    ended = home.crawl()
    assert ended.summary["failed_reason"] == "blocked"
    assert len(home.shop.listing_requests) == 2


def test_a_run_tells_what_it_has_asked_of_the_shop_all_its_attempts_together(home: Home) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "captcha", 2
    stopped = home.crawl()
    assert stopped.code == 1
    # The second page twice, with a captcha each time.
    assert traffic_of(stopped) == {
        "pages": 1,
        "requests": 3,
        "retries": 1,
        "blocks": {"captcha": 2},
    }
    home.shop.switches.block = ""
    resumed = home.resume()
    assert resumed.code == 0
    asked = traffic_of(resumed)
    assert asked["requests"] == len(home.shop.listing_requests)
    assert (asked["retries"], asked["blocks"]) == (1, {"captcha": 2})
    assert asked["pages"] == asked["requests"] - 2


def traffic_of(ended: Ended) -> dict[str, Any]:
    progress = json.loads((ended.folder / "progress.json").read_bytes())
    traffic: dict[str, Any] = progress["traffic"]
    return traffic
