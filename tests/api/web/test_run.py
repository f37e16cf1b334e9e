"""The page of a run: live, at its end, and what can be done then."""

import re
from dataclasses import asdict

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Outcome, User
from api.store.schedules import Plan, StoredRecurrence
from api.store.stage import Stage
from category_crawler.run.events import Event, EventKind
from category_crawler.run.records import AuditResult, Coverage
from category_crawler.run.writer import Run
from tests.api.services import Caller, Daemon
from tests.api.web.crawls import (
    ended,
    exported,
    page_of,
    refreshed,
    services_of,
    start,
    stored,
    until_ended,
    until_gone,
    until_moving,
)
from tests.api.web.reader import Reader
from tests.storefront import Storefront


def test_a_run_from_its_queue_to_its_end(
    reader: Reader, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 3
    runner = until_moving(app, start(app, ann.id, name="Lamps"))
    shown = reader.get(page_of(runner)).text
    assert 'hx-trigger="every 3s"' in shown
    assert "products found of reported" in shown
    assert re.search(r"The crawl begins</span>", shown)
    live = reader.get(f"{page_of(runner)}live")
    assert ">running</span>" in live.text
    shop.switches.latency = 0
    until_ended(app, runner)
    over = reader.get(f"{page_of(runner)}live", **{"If-None-Match": live.headers["ETag"]}).text
    assert "Done, and complete: every one of the 60 products reported was found." in over
    parts = re.findall(r'id="(\w+)" ?[^>]*hx-swap-oob="true"', over)
    assert parts == ["outcome", "warnings", "coverage", "asked", "runs"]
    assert "hx-get" not in over
    assert not re.search(r'id="(schedule|alerts|collection)"', over), "these have forms"
    shown = reader.get(page_of(runner)).text
    assert "Done, and complete: every one of the 60 products reported was found." in shown
    assert "every 3s" not in shown
    assert "every 10s" not in shown
    assert "The crawl has come to its end" in shown
    assert '<g class="whole">' in shown
    assert "Run again" in shown
    assert ">Cancel<" not in shown


def test_a_cancelled_run_says_so_and_leads_to_a_new_crawl(
    reader: Reader, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.latency = 3
    runner = until_moving(app, start(app, ann.id))
    page = page_of(runner)
    answer = reader.send(page, f"/collections/{runner.collection.id}/cancel")
    assert answer.location == page
    shown = reader.get(page).text
    assert "The run is being cancelled." in shown
    assert "The crawl is being stopped." in shown
    assert "Cancelled" not in shown
    assert 'hx-trigger="every 3s"' in shown
    assert ">being cancelled</span>" in shown
    shown = reader.get("/collections/").text
    assert ">being cancelled</span>" in shown
    assert f"ids={runner.collection.id}" in shown
    assert "HX-Refresh" not in reader.get(f"{page}live").headers
    now = until_gone(app, runner)
    assert 'id="outcome" hx-swap-oob="true"' in reader.get(f"{page}live").text
    shown = reader.get(page).text
    assert f"Cancelled before its end. {now.asin_count} products were kept" in shown
    assert "being cancelled" not in shown
    assert "every 3s" not in shown
    assert "A cancelled collection cannot be run again." in shown
    assert 'class="button primary" href="/new/?category_url=' in shown
    assert "Run again" not in shown
    assert ">Continue run<" not in shown
    again = reader.send(page, f"/collections/{runner.collection.id}/rerun")
    assert again.status_code == 409
    assert "A cancelled collection is not run again." in shown
    assert "Set a schedule" not in shown
    daily = {"every": "daily", "at": "06:30", "cron": "", "zone": "Australia/Sydney"}
    refused = reader.send(page, f"/collections/{runner.collection.id}/schedule/", **daily)
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("complete", "known", "says"),
    [
        (True, 20, "all of which had been found already. By this check alone <b>at least 86.1"),
        (None, 19, "19 of which had been found already. So <b>at least 86.1"),
    ],
)
def test_a_check_by_random_pages_contradicts_no_proof(
    reader: Reader, app: Flask, ann: User, complete: bool | None, known: int, says: str
) -> None:
    runner = stored(app, ann.id)
    audit = AuditResult(pages=2, seen=20, known=known, at_least=0.861)
    coverage = Coverage(60, False, 60, 0, 1, 0, 4, 0, complete, "so", audit)
    outcome = Outcome(Stage.DONE, 60, coverage=asdict(coverage))
    services_of(app).store.runners.end(runner.id, outcome)
    assert says in reader.get(page_of(runner)).text


def test_what_cannot_be_started_is_said_on_the_runs_page(
    reader: Reader, app: Flask, ann: User, store: Store, scrapyd: Daemon
) -> None:
    runner = ended(app, stored(app, ann.id, "Lamps"))
    store.credits.grant(ann.id, 0)
    page, path = page_of(runner), f"/collections/{runner.collection.id}"
    answer = reader.send(page, f"{path}/rerun")
    assert answer.status_code == 402
    assert re.search(
        r'<p class="note bad" role="alert">[^<]*credits[^<]*<a href="/account/', answer.text
    )
    assert '<h1 dir="auto">Lamps</h1>' in answer.text
    assert "Run again" in answer.text
    for action, says in (
        ("resume", "only failed ones can be continued."),
        ("schedule/pause", "This collection has no schedule any more."),
    ):
        answer = reader.send(page, f"{path}/{action}")
        assert f"{says}</p>" in answer.text
        assert '<h1 dir="auto">Lamps</h1>' in answer.text
    store.db.conn.execute("ALTER TABLE collections RENAME COLUMN name TO gone")
    answer = reader.send("/account/", f"{path}/rerun")
    assert answer.status_code == 503
    assert "This did not work" in answer.text


def test_before_a_cancel_it_is_said_what_that_ends(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    runner = stored(app, ann.id)
    asks = "The collection can never be run again then"
    assert f"{asks}. What" in reader.get(page_of(runner)).text
    plan = Plan(StoredRecurrence("UTC", every="daily"), "2999-01-01T00:00:00Z")
    store.schedules.put(ann.id, runner.collection.id, plan)
    for page in (page_of(runner), "/collections/"):
        assert f"{asks}, and its schedule is removed. What" in reader.get(page).text


def test_a_failed_run_goes_on_behind_its_last_page(
    reader: Reader, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.block = "captcha"
    shop.switches.block_from = 2
    failed = until_ended(app, start(app, ann.id))
    assert failed.failed_reason == "blocked"
    page = page_of(failed)
    shown = reader.get(page).text
    assert "Failed. The shop answered with a captcha" in shown
    assert "The shop wants a pause" in shown
    assert "Stopped, with" in shown
    assert re.search(r'<button class="primary">Continue run</button>', shown)
    shop.switches.block = ""
    answer = reader.send(page, f"/collections/{failed.collection.id}/resume")
    number = int(answer.location.rstrip("/").rpartition("/")[2])
    assert number > failed.id
    made = services_of(app).store.runners.get(number)
    assert made is not None
    assert made.earlier == failed.id
    done = until_ended(app, made)
    shown = reader.get(page_of(done)).text
    assert "Done, and complete" in shown
    assert "The crawl continues; " in shown
    assert "This is an earlier run." in reader.get(page).text
    assert ">Continue run<" not in reader.get(page).text


def test_what_a_retry_was_for_is_in_the_log(
    reader: Reader, app: Flask, ann: User, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.block, shop.switches.block_from, shop.switches.block_times = "error", 2, 1
    done = until_ended(app, start(app, ann.id))
    assert re.search(r"Page \d+: retried after 503", reader.get(f"{page_of(done)}log").text)


def test_an_open_run_can_be_read_without_scripts_and_is_polled_cheaply(
    reader: Reader, app: Flask, ann: User
) -> None:
    runner = stored(app, ann.id)
    shown = reader.get(page_of(runner)).text
    assert "<noscript>" in shown
    assert "Load this page again" in shown
    version = reader.get(f"{page_of(runner)}live").headers["ETag"]
    for known in ({"If-None-Match": version}, {"If-None-Match": f"W/{version}"}):
        answer = reader.get(f"{page_of(runner)}live", **known)
        assert (answer.status_code, answer.data) == (304, b"")
    run = Run.create(folder_of(runner).path, {})
    run.note(Event(at="2026-01-01T00:00:00Z", kind=EventKind.BEGAN))
    answer = reader.get(f"{page_of(runner)}live", **known)
    assert answer.status_code == 200
    assert "The crawl begins" in answer.text
    known = {"If-None-Match": answer.headers["ETag"]}
    german = {"Accept-Language": "de"}
    assert reader.get(f"{page_of(runner)}live", **known, **german).status_code == 200
    run.note(Event(at="2026-01-01T00:00:01Z", kind=EventKind.RETRIED, page=1234, seconds=4))
    run.close()
    assert "Page 1,234: retried" in reader.get(f"{page_of(runner)}live", **known).text
    assert "Page 1.234: retried" in reader.get(f"{page_of(runner)}live", **german).text


def test_what_the_shop_says_in_the_log_stays_text(reader: Reader, app: Flask, ann: User) -> None:
    runner = stored(app, ann.id)
    run = Run.create(folder_of(runner).path, {})
    evil = "<script>alert(1)</script>{0}"
    run.note(
        Event(at="2026-01-01T00:00:00Z", kind=EventKind.RETRIED, page=12, seconds=4, reason=evil)
    )
    run.close()
    for path in (page_of(runner), f"{page_of(runner)}log"):
        shown = reader.get(path).text
        assert "Page 12: retried after &lt;script&gt;alert(1)&lt;/script&gt;{0}, 4 s later" in shown


@pytest.mark.parametrize(
    ("reason", "says", "best"),
    [
        ("blocked", "The shop wants a pause", "Continue run"),
        ("location_lost", "Renew the delivery session, then", "Renew the delivery session"),
        ("filter_not_applied", "Try again later", "Run again"),
        ("robots_disallowed", "The shop forbids programs", "New crawl"),
        ("node_not_applied", "did not show the category that was asked for", "New crawl"),
        ("crashed", "This is our fault", "Continue run"),
        ("a_new_reason", "Continue the run where", "Continue run"),
    ],
)
def test_each_failure_says_what_to_do_and_has_the_button(
    reader: Reader, app: Flask, ann: User, reason: str, says: str, best: str
) -> None:
    runner = stored(app, ann.id)
    Run.create(folder_of(runner).path, {}).close()
    shown = reader.get(page_of(ended(app, runner, reason, "It went wrong"))).text
    assert re.search(r"<p>Failed\. [^.]+\. Nothing was kept; the list is not complete\.</p>", shown)
    assert "<p>It went wrong.</p>" in shown, "the exact words are there to be unfolded"
    assert says in shown
    assert re.findall(r'class="(?:button )?primary"[^>]*>([^<]+)<', shown) == [best]


def test_a_failure_that_left_nothing_is_not_told_to_go_on(
    reader: Reader, app: Flask, ann: User
) -> None:
    shown = reader.get(page_of(ended(app, stored(app, ann.id), "unreachable", "Silence"))).text
    assert re.findall(r'class="primary"[^>]*>([^<]+)<', shown) == ["Run again"]
    assert ">Continue run<" not in shown


def test_of_removed_files_it_says_so_and_offers_no_going_on(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    runner = stored(app, ann.id)
    Run.create(folder_of(runner).path, {}).close()
    runner = ended(app, runner, "blocked", "A captcha")
    store.runners.remove_files({runner.id: None}, "prune --older-than 30d")
    shown = reader.get(page_of(runner)).text
    assert "prune --older-than 30d" in shown
    assert "The log was removed with the files of the run." in shown
    assert ">Continue run<" not in shown


def test_what_is_anothers_does_not_exist(
    reader: Reader, app: Flask, ann: User, bob: Caller
) -> None:
    hers, his = stored(app, ann.id), stored(app, bob.user, "Secret lamps")
    collection = his.collection.id
    for path in ("", "live", "coverage", "log"):
        answer = reader.get(f"{page_of(his)}{path}")
        assert answer.status_code == 404
        assert "Secret" not in answer.text
    assert reader.get(f"/collections/{collection}/").status_code == 404
    mixed = f"/collections/{hers.collection.id}/runs/{his.id}/"
    assert reader.get(mixed).status_code == 404
    for action in (
        *("cancel", "rerun", "resume", "session", "rename", "delete"),
        *("schedule/", "schedule/pause", "schedule/resume", "schedule/remove"),
        *("alerts/add", "alerts/remove"),
    ):
        path = f"/collections/{collection}/{action}"
        assert reader.send("/account/", path, name="x").status_code == 404, action
    now = refreshed(app, his)
    assert (now.collection.name, now.has_ended) == ("Secret lamps", False)


def test_a_collection_leads_to_its_newest_run(reader: Reader, app: Flask, ann: User) -> None:
    runner = stored(app, ann.id)
    assert reader.get(f"/collections/{runner.collection.id}/").location == page_of(runner)
    for number in (runner.collection.id + 1, 2**70):
        assert reader.get(f"/collections/{number}/").status_code == 404


def test_the_copies_of_its_files_are_shown(reader: Reader, app: Flask, ann: User) -> None:
    without = ended(app, stored(app, ann.id))
    assert "Copies" not in reader.get(page_of(without)).text
    runner = exported(app, stored(app, ann.id), "s3://shop-data/1/<b>.json")
    shown = reader.get(page_of(runner)).text
    assert "<h2>Copies</h2>" in shown
    assert "s3://shop-data/1/&lt;b&gt;.json" in shown
    assert "1.2 MB" in shown
    assert "The store refuses it (AccessDenied): it is tried again at" in shown
