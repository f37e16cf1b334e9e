"""An alert's mail and webhook: one of each a run, beside those about its end."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from standardwebhooks import Webhook

from api.alerts.evaluator import Evaluator
from api.notices.outbox import Notices
from api.notices.webhook import signing_secret
from api.store.records import Outcome
from api.store.stage import Stage
from tests.api.owed_notices import deliver_all
from tests.api.receivers import Hook, Mailbox, https_receiver, mail_settings, trusted
from tests.api.routes.test_alerts import lamp, set_rules
from tests.api.routes.test_changes import COMPLETE, CUT, Runs
from tests.api.routes.test_results import Kept
from tests.api.services import Caller
from tests.crawls import URL
from tests.forks import Program, start_service
from tests.waiting import until

RULES = (
    {"kind": "price_falls", "percent": 10},
    {"kind": "price_below", "cents": 600, "search": "lamp", "brand": "Acme"},
    {"kind": "new"},
    {"kind": "gone"},
    {"kind": "coverage_not_complete"},
)


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with https_receiver(trusted(tmp_path, monkeypatch, "localhost")) as receiver:
        yield receiver


@pytest.fixture
def runs(app: Flask, alice: Caller, hook: Hook) -> Runs:
    request = {
        "webhook_url": hook.url(),
        "notification_email": "desk@example.org",
        "category_url": f"{URL}&high-price=25",
        "postcode": "4500",
    }
    made = Runs(app, alice)
    made.kept = Kept(app, alice, domain="amazon.com.au", **request)
    return made


@pytest.fixture
def notices(runs: Runs, mailbox: Mailbox) -> Notices:
    return Notices(runs.store, mail_settings(mailbox, webhook_private_addresses=True))


def end_of_day(app: Flask, notices: Notices) -> None:
    """All that a watcher does about runs that have ended."""
    evaluator: Evaluator = app.extensions["services"].alerts
    while evaluator.try_next():
        pass
    deliver_all(notices)


def alerts_of(hook: Hook) -> list[tuple[dict[str, str], bytes]]:
    return [(h, body) for _, h, body in hook.calls if json.loads(body).get("type") == "alert"]


def test_one_mail_and_one_signed_call_tell_what_all_rules_found(
    app: Flask, runs: Runs, notices: Notices, mailbox: Mailbox, hook: Hook
) -> None:
    before = [lamp(number, url=f"https://shop.example/{number}") for number in range(30)]
    first = runs.add(before)
    set_rules(runs, *RULES)
    end_of_day(app, notices)
    assert (len(mailbox.messages), len(hook.calls)) == (1, 1), "those about the first run's end"
    cheap = [replace(one, price_cents=500) for one in before[:25]]
    second = runs.add([*cheap, *before[25:29], lamp(99, title="Näw lamp")], CUT)
    end_of_day(app, notices)
    ends, alerts = (
        [m for m in mailbox.messages if m["Subject"].startswith(word)] for word in ("Done", "Alert")
    )
    assert (len(ends), len(alerts)) == (2, 1)
    (mail,) = alerts
    assert mailbox.recipients == [["desk@example.org"]] * 3
    assert mail["Subject"] == (
        "Alert: Lamps: price falls by 10 % or more (25), "
        'price below 6.00 (Acme; "lamp") (25), new (1), 1 more'
    )
    ((headers, body),) = alerts_of(hook)
    assert len(hook.calls) == 3
    told = json.loads(body)
    assert Webhook(signing_secret(runs.owner.user)).verify(body, headers) == told
    assert told["run"]["id"] == second.id
    assert told["run"] == {k: v for k, v in _result(runs).items() if k not in ("asins", "exports")}
    assert told["run"]["asked"]["price_max_cents"] == 2500
    assert [match["count"] for match in told["rules"]] == [25, 25, 1, 0, 1]
    assert sum(len(match["items"]) for match in told["rules"]) == 20
    assert "not_seen" in told["why"]
    link = f"https://crawl.example/api/v1/results/{runs.kept.collection}/{first.id}/{second.id}"
    assert told["download_links"]["csv"] == f"{link}/changes.csv"
    assert told["from_runner"] == first.id
    text: str = mail.get_content()  # type: ignore[attr-defined]
    lines = text.splitlines()
    for line in (
        f"Run:        Lamps (collection {runs.kept.collection}, runner {second.id})",
        "Filters:    price to 25.00 AUD",
        f"Compared:   with runner {first.id}",
        "Price falls by 10 % or more: 25 products",
        "  10.00 -> 5.00 AUD (-50 %)    Lamp 0",
        "  https://shop.example/0",
        "  and 15 more",
        "New: 1 product",
        "  10.00 AUD                    Näw lamp",
        "Coverage no longer complete",
        f"Changes:    {link}/changes.csv",
    ):
        assert line in lines, text
    assert not any(line.startswith("Gone: 0") for line in lines)


def _result(runs: Runs) -> Any:
    answer = runs.owner.post(
        "/api/v1/schedules/amazon/category/result/", {"collection_id": runs.kept.collection}
    ).get_json()["data"][0]
    links = answer["download_links"]
    links["pages"] = [
        link.replace("http://localhost", "https://crawl.example") for link in links["pages"]
    ]
    return answer


def test_an_alert_that_was_refused_comes_again_with_the_same_ids(
    app: Flask, runs: Runs, notices: Notices, mailbox: Mailbox, hook: Hook
) -> None:
    runs.add([lamp(1)])
    set_rules(runs, {"kind": "new"})
    deliver_all(notices)
    runs.add([lamp(1), lamp(2)])
    hook.answers = [204, 500]
    mailbox.answers = ["250 taken", "451 later"]
    end_of_day(app, notices)
    assert len(mailbox.messages) == 2
    # What was found stays as it was, whatever becomes of the files.
    runs.store.db.conn.execute("UPDATE notices SET next_try_at = '2026-01-01T00:00:00Z'")
    set_rules(runs)
    deliver_all(notices)
    rows = [row for row in runs.store.db["notices"].rows if row["about"] == "alert"]
    assert {(row["status"], row["tries"]) for row in rows} == {("sent", 2)}
    assert [headers["webhook-id"] for headers, _ in alerts_of(hook)] == [
        row["event"] for row in rows if row["kind"] == "webhook" for _ in range(2)
    ]
    (event,) = (row["event"] for row in rows if row["kind"] == "mail")
    assert mailbox.messages[-1]["Message-ID"] == f"<{event}@example.org>"


def test_a_run_that_failed_is_told_with_its_reason(
    app: Flask, runs: Runs, notices: Notices, mailbox: Mailbox, hook: Hook
) -> None:
    runs.add([lamp(1)], COMPLETE)
    set_rules(runs, {"kind": "run_failed"}, {"kind": "gone"})
    runner = runs._next()
    failed = Outcome(Stage.FAILED, failed_reason="blocked", failed_message="A captcha is asked for")
    runs.store.runners.end(runner.id, failed)
    end_of_day(app, notices)
    mail = next(m for m in mailbox.messages if m["Subject"].startswith("Alert"))
    assert mail["Subject"] == "Alert: Lamps: run failed"
    text: str = mail.get_content()  # type: ignore[attr-defined]
    assert "Reason:     blocked: A captcha is asked for" in text.splitlines()
    assert "Run failed" in text.splitlines()
    ((_, body),) = alerts_of(hook)
    told = json.loads(body)
    assert (told["from_runner"], told["download_links"]) == (None, {})
    assert told["rules"][1]["not_tried"].endswith("its list is not compared")


@contextmanager
def watchers(number: int, port: int) -> Iterator[list[Program]]:
    """As many watchers as an operator would start, whose mails go to a port."""
    settings = {
        "CATEGORY_CRAWLER_SMTP_HOST": "127.0.0.1",
        "CATEGORY_CRAWLER_SMTP_PORT": str(port),
        "CATEGORY_CRAWLER_SMTP_TLS": "none",
        "CATEGORY_CRAWLER_SMTP_SENDER": "crawler@example.org",
        "CATEGORY_CRAWLER_WATCH_INTERVAL": "0.1",
        "CATEGORY_CRAWLER_WEBHOOK_PRIVATE_ADDRESSES": "true",
    }
    command = ("flask", "--app", "api", "watch")
    environment = os.environ | settings
    processes = [
        start_service(*command, environment=environment, log=Path(os.devnull))
        for _ in range(number)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def rows_of_alerts(runs: Runs) -> list[dict[str, Any]]:
    return [row for row in runs.store.db["notices"].rows if row["about"] == "alert"]


def test_two_watchers_tell_each_run_once(runs: Runs, mailbox: Mailbox, hook: Hook) -> None:
    runs.add([lamp(1)])
    set_rules(runs, {"kind": "price_falls", "percent": 10})
    with watchers(2, mailbox.port):
        for cents in (800, 600, 400, 200):
            runs.add([lamp(1, price_cents=cents)])
        until(
            lambda: [row["status"] for row in rows_of_alerts(runs)],
            lambda statuses: statuses == ["sent"] * 8,
        )
    alerts = [m for m in mailbox.messages if m["Subject"].startswith("Alert")]
    told = [json.loads(body) for _, body in alerts_of(hook)]
    assert len(alerts) == len(told) == 4
    assert {one["run"]["id"] for one in told} == {runner.id for runner in runs.runners[1:]}
    assert {row["tries"] for row in rows_of_alerts(runs)} == {1}


def test_a_watcher_killed_between_trying_and_sending(
    app: Flask, runs: Runs, notices: Notices, mailbox: Mailbox, hook: Hook
) -> None:
    runs.add([lamp(1)])
    set_rules(runs, {"kind": "price_falls", "percent": 10})
    deliver_all(notices)
    runs.add([lamp(1, price_cents=500)])
    runs.store.db.conn.execute("DELETE FROM notices WHERE status = 'pending'")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with watchers(1, silent.getsockname()[1]) as (watcher,):
            connection, _ = silent.accept()
            watcher.send_signal(signal.SIGKILL)
            watcher.wait()
        connection.close()
    assert [row["status"] for row in rows_of_alerts(runs) if row["kind"] == "mail"] == ["pending"]
    runs.store.db.conn.execute("UPDATE notices SET claimed_until = '2026-01-01T00:00:00Z'")
    end_of_day(app, notices)
    assert len([m for m in mailbox.messages if m["Subject"].startswith("Alert")]) == 1
    assert {row["status"] for row in rows_of_alerts(runs)} == {"sent"}
