"""Notices: one for each end, claimed by one, to a real SMTP server and a real https receiver."""

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.attempts import folder_of
from api.config import Settings
from api.moment import utc_in
from api.notices import TRIED_FOR, Notices
from api.store import Row, Store
from api.webhook import secret_file, signature, signing_secret
from category_crawler.home import PROJECT
from category_crawler.run import Run
from tests.api.receivers import (
    PASSWORD,
    USER,
    Hook,
    Mailbox,
    https_receiver,
    smtp_server,
    trusted,
)
from tests.api.services import Caller, free_port
from tests.records import product
from tests.waiting import until

REQUEST = {"domain": "amazon.com.au", "postcode": "4500"}


@pytest.fixture
def store(app: Flask) -> Store:
    found: Store = app.extensions["store"]
    return found


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    context = trusted(tmp_path, monkeypatch, "localhost", "127.0.0.1", "hooks.example.org")
    with https_receiver(context) as receiver:
        yield receiver


@pytest.fixture
def notices(store: Store, mailbox: Mailbox) -> Notices:
    return Notices(store, mail_settings(mailbox))


@pytest.fixture
def allowing(store: Store) -> Notices:
    """No mails, webhooks also on this machine."""
    return Notices(store, Settings(webhook_private_addresses=True))


def mail_settings(mailbox: Mailbox, **more: Any) -> Settings:
    sender = "Crawler <crawler@example.org>"
    given = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_tls": "none"}
    return Settings(**{"smtp_sender": sender, "public_url": "https://crawl.example"} | given | more)


def ended(store: Store, user: int, stage: str = "done", name: str = "Lamps", **request: Any) -> Row:
    """A runner that has kept two products and ended."""
    runner = store.add_collection(user, name, REQUEST | request, [])
    run = Run.create(folder_of(runner).path, {})
    run.keep([product(1), product(2)])
    run.finish({})
    run.close()
    failed = {"failed_reason": "blocked", "failed_message": "The site asks for a captcha"}
    why = "every one was served" if stage == "done" else failed["failed_message"]
    coverage = {"complete": stage == "done", "why": why, "reported_total": 2}
    values = {"asin_count": 2, "coverage": json.dumps(coverage)} | (
        failed if stage == "failed" else {}
    )
    store.end(runner["id"], stage, **values)
    return store.runner(runner["id"]) or runner


def kept(store: Store) -> list[Row]:
    return list(store.db["notices"].rows)


def make_due(store: Store) -> None:
    store.db.conn.execute("UPDATE notices SET next_try_at = ?", (utc_in(-1),))


def deliver_all(notices: Notices) -> None:
    while notices.deliver_next():
        pass


def text_of(mailbox: Mailbox) -> str:
    (message,) = mailbox.messages
    text: str = message.get_content()  # type: ignore[attr-defined]
    return text


def test_a_mail_tells_what_became_of_a_run(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = ended(store, alice.user)
    deliver_all(notices)
    (message,) = mailbox.messages
    assert mailbox.recipients == [["alice@example.org"]]
    assert message["Subject"] == "Done: Lamps, 2 products"
    assert message["From"] == "Crawler <crawler@example.org>"
    assert message.get_content_type() == "text/plain"
    link = f"https://crawl.example/api/v1/results/{runner['collection']}/{runner['id']}"
    for line in (
        f"Run:        Lamps (collection {runner['collection']}, runner {runner['id']})",
        f"Ended:      done, {runner['finished_at']}",
        "Products:   2 products",
        "Coverage:   complete, the site reports 2 (every one was served)",
        f"Rows:       {link}/category_asins.json",
        f"As a table: {link}/category_asins.csv",
    ):
        assert line in text_of(mailbox).splitlines()
    assert [row["status"] for row in kept(store)] == ["sent"]


def test_a_mail_tells_why_a_run_failed(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    ended(store, alice.user, "failed", notification_email="desk@example.org")
    deliver_all(notices)
    assert mailbox.recipients == [["desk@example.org"]]
    assert mailbox.messages[0]["Subject"] == "Failed: Lamps, 2 products"
    assert "Reason:     blocked: The site asks for a captcha" in text_of(mailbox)
    assert "Coverage:   not complete, the site reports 2" in text_of(mailbox).splitlines()


def test_a_cancelled_run_is_told_once_its_spider_is_gone(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = store.add_collection(alice.user, "Lamps", REQUEST, [])
    told = {"failed_reason": "cancelled", "failed_message": "Cancelled by user"}
    store.end(runner["id"], "failed", stopping="asked", asin_count=1, **told)
    assert not notices.deliver_next()
    store.see_out(runner["id"], "asked", 3)
    deliver_all(notices)
    assert mailbox.messages[0]["Subject"] == "Cancelled: Lamps, 3 products"
    assert len(kept(store)) == 1


def test_a_cancelled_run_whose_spider_stays_is_told_after_a_minute(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = store.add_collection(alice.user, "Lamps", REQUEST, [])
    store.end(runner["id"], "failed", failed_reason="cancelled", stopping="asked")
    store.db.conn.execute("UPDATE notices SET created_at = ?", (utc_in(-61),))
    deliver_all(notices)
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    "name", ["Lamps\nBcc: x@example.org", "a\r\nb", "\x00\x1b[31m", "💡 ümläut"]
)
def test_a_name_stays_a_name(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox, name: str
) -> None:
    ended(store, alice.user, name=name)
    deliver_all(notices)
    assert mailbox.recipients == [["alice@example.org"]]
    assert mailbox.messages[0]["Bcc"] is None
    assert "\n" not in mailbox.messages[0]["Subject"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_over_tls_with_a_password_from_a_file(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    context = trusted(tmp_path, monkeypatch, "127.0.0.1")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    ended(store, alice.user)
    with smtp_server(context, tls=tls) as mailbox:
        login = {"smtp_user": USER, "smtp_password_file": str(tmp_path / "password")}
        settings = mail_settings(mailbox, smtp_tls=tls, **login)
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        deliver_all(Notices(store, settings))
        assert mailbox.messages == [], "a server that cannot prove itself gets nothing"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        make_due(store)
        deliver_all(Notices(store, settings))
        assert len(mailbox.messages) == 1


@pytest.mark.parametrize("wrong", [{"smtp_tls": "starttls"}, {"smtp_user": USER}])
def test_settings_that_do_not_fit_the_server_can_still_be_mended(
    alice: Caller, store: Store, mailbox: Mailbox, wrong: dict[str, str]
) -> None:
    ended(store, alice.user)
    deliver_all(Notices(store, mail_settings(mailbox, **wrong)))
    (row,) = kept(store)
    assert (row["status"], "not supported by server" in row["said"]) == ("pending", True)
    make_due(store)
    deliver_all(Notices(store, mail_settings(mailbox)))
    assert len(mailbox.messages) == 1


def test_without_a_server_no_mail_is_owed_later(
    alice: Caller, store: Store, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    ended(store, alice.user)
    caplog.set_level(logging.INFO)
    stop = threading.Event()
    with Notices(store, Settings()).delivering(stop):
        until(lambda: [row["status"] for row in kept(store)], lambda states: states == ["off"])
    assert caplog.text.count("smtp_host is not set") == 1
    deliver_all(Notices(store, mail_settings(mailbox)))
    assert mailbox.messages == []


def test_a_refused_mail_comes_again_with_the_same_id(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    mailbox.answers = ["451 later", "421 not now"]
    ended(store, alice.user)
    pauses = []
    for tries in (1, 2):
        assert notices.deliver_next()
        assert not notices.deliver_next(), "there is a pause"
        (row,) = kept(store)
        assert (row["status"], row["tries"]) == ("pending", tries)
        pauses.append(row["next_try_at"])
        make_due(store)
    assert pauses[0] < pauses[1]
    deliver_all(notices)
    (row,) = kept(store)
    assert (row["status"], row["tries"]) == ("sent", 3)
    assert mailbox.messages[0]["Message-ID"] == f"<{row['event']}@example.org>"


@pytest.mark.parametrize(
    ("address", "answers"), [("unknown@example.org", []), ("a@example.org", ["554 never"])]
)
def test_a_mail_refused_for_good_is_given_up(
    alice: Caller,
    store: Store,
    notices: Notices,
    mailbox: Mailbox,
    address: str,
    answers: list[str],
) -> None:
    mailbox.answers = answers
    ended(store, alice.user, notification_email=address)
    deliver_all(notices)
    assert [row["status"] for row in kept(store)] == ["given up"]


def test_after_a_day_a_notice_is_given_up(alice: Caller, store: Store) -> None:
    dead = Settings(smtp_host="127.0.0.1", smtp_port=free_port(), smtp_sender="a@example.org")
    ended(store, alice.user)
    notices = Notices(store, dead)
    assert notices.deliver_next()
    assert kept(store)[0]["status"] == "pending"
    store.db.conn.execute("UPDATE notices SET created_at = ?", (utc_in(-TRIED_FOR),))
    make_due(store)
    assert notices.deliver_next()
    assert kept(store)[0]["status"] == "given up"


def test_watchers_share_the_work(alice: Caller, store: Store, mailbox: Mailbox) -> None:
    for _ in range(30):
        ended(store, alice.user)
    path = store.db.conn.execute("PRAGMA database_list").fetchone()[2]
    watchers = [Notices(Store(Path(path)), mail_settings(mailbox)) for _ in range(8)]
    gate = threading.Barrier(8)

    def work(notices: Notices) -> None:
        gate.wait()
        deliver_all(notices)

    threads = [threading.Thread(target=work, args=(one,)) for one in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mailbox.messages) == 30
    assert len({message["Message-ID"] for message in mailbox.messages}) == 30


_SENDER = """
import sys
from pathlib import Path
from api.config import Settings
from api.notices import Notices
from api.store import Store

settings = Settings(
    smtp_host="127.0.0.1", smtp_port=int(sys.argv[2]), smtp_tls="none", smtp_sender="a@example.org"
)
Notices(Store(Path(sys.argv[1])), settings).deliver_next()
"""


def test_a_watcher_killed_while_it_sends(alice: Caller, store: Store, mailbox: Mailbox) -> None:
    ended(store, alice.user)
    path = store.db.conn.execute("PRAGMA database_list").fetchone()[2]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [sys.executable, "-c", _SENDER, path, str(silent.getsockname()[1])]
        process = subprocess.Popen(command, cwd=PROJECT)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGKILL)
        process.wait()
        connection.close()
    notices = Notices(store, mail_settings(mailbox))
    assert not notices.deliver_next(), "the claim holds for a while"
    (claimed,) = kept(store)
    assert (claimed["status"], claimed["tries"]) == ("pending", 1)
    store.db.conn.execute("UPDATE notices SET claimed_until = ?", (utc_in(-1),))
    deliver_all(notices)
    assert [message["Message-ID"] for message in mailbox.messages] == [
        f"<{claimed['event']}@example.org>"
    ]


def test_who_lost_the_claim_settles_nothing(alice: Caller, store: Store) -> None:
    ended(store, alice.user)
    late = store.claim_notice(0)
    assert late is not None
    store.db.conn.execute("UPDATE notices SET claimed_until = ?", (utc_in(-1),))
    assert store.claim_notice(60) is not None
    assert not store.settle_notice(late, "sent", None)
    assert not store.postpone_notice(late, 10, "x")


def test_a_dead_mail_server_delays_no_end(alice: Caller, store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(
            smtp_host="127.0.0.1",
            smtp_port=silent.getsockname()[1],
            smtp_sender="a@example.org",
            watch_interval=0.05,
        )
        for _ in range(4):
            ended(store, alice.user)
        with Notices(store, settings).delivering(threading.Event()):
            until(lambda: [row["tries"] for row in kept(store)], lambda tries: sum(tries) == 3)
            assert ended(store, alice.user)["stage"] == "done"


def test_a_webhook_gets_the_signed_result(
    alice: Caller, store: Store, allowing: Notices, hook: Hook
) -> None:
    runner = ended(store, alice.user, webhook_url=hook.url())
    deliver_all(allowing)
    ((path, headers, body),) = hook.calls
    assert path == "/hook?x=1"
    assert headers["Host"] == f"localhost:{hook.port}"
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    result = alice.result(runner["collection"])
    assert set(told) == set(result) - {"asins"}
    assert (told["id"], told["asin_count"], told["stage"]) == (runner["id"], 2, "done")
    expected = signature(signing_secret(alice.user), headers["X-Timestamp"], body)
    assert headers["X-Signature"] == expected
    (row,) = [row for row in kept(store) if row["kind"] == "webhook"]
    assert (row["status"], headers["X-Event-Id"]) == ("sent", row["event"])


def test_each_user_has_a_secret_and_the_file_is_the_owners(alice: Caller, bob: Caller) -> None:
    assert signing_secret(alice.user) == signing_secret(alice.user)
    assert signing_secret(alice.user) != signing_secret(bob.user)
    assert secret_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("answer", "status"), [(500, "pending"), (302, "pending"), (410, "given up")]
)
def test_what_is_not_taken_is_tried_again(
    alice: Caller, store: Store, allowing: Notices, hook: Hook, answer: int, status: str
) -> None:
    hook.answers = [answer]
    ended(store, alice.user, webhook_url=hook.url())
    deliver_all(allowing)
    (row,) = [row for row in kept(store) if row["kind"] == "webhook"]
    assert (row["status"], row["said"]) == (status, f"localhost answered {answer}")
    make_due(store)
    deliver_all(allowing)
    events = {headers["X-Event-Id"] for _, headers, _ in hook.calls}
    assert len(hook.calls) == (2 if status == "pending" else 1)
    assert len(events) == 1


def test_a_redirect_is_not_followed(
    alice: Caller, store: Store, allowing: Notices, hook: Hook
) -> None:
    for location in (hook.url(path="/secret"), "https://169.254.169.254/latest/meta-data"):
        hook.calls.clear()
        hook.answers, hook.location = [307], location
        ended(store, alice.user, webhook_url=hook.url())
        deliver_all(allowing)
        assert [path for path, _, _ in hook.calls] == ["/hook?x=1"]
    said = [row["said"] for row in kept(store) if row["kind"] == "webhook"]
    assert said == ["localhost answered 307"] * 2, "nothing was asked of where it leads"


def test_the_checked_address_is_called_under_its_name(
    alice: Caller, store: Store, allowing: Notices, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, {"hooks.example.org": ["127.0.0.1"]})
    ended(store, alice.user, webhook_url=hook.url("hooks.example.org"))
    deliver_all(allowing)
    assert len(hook.calls) == 1
    assert asked == ["hooks.example.org"], "asked once; a second answer could be another"


def test_a_certificate_of_another_name_is_refused(
    alice: Caller, store: Store, allowing: Notices, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, {"other.example.org": ["127.0.0.1"]})
    ended(store, alice.user, webhook_url=hook.url("other.example.org"))
    deliver_all(allowing)
    assert hook.calls == []
    assert kept(store)[1]["said"].startswith("other.example.org has no certificate")


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["93.184.216.34", "169.254.169.254"],
        ["::1"],
        ["::ffff:169.254.169.254"],
    ],
)
def test_a_name_that_leads_within_is_never_called(
    alice: Caller,
    store: Store,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    addresses: list[str],
) -> None:
    names(monkeypatch, {"hooks.example.org": addresses})
    ended(store, alice.user, webhook_url=hook.url("hooks.example.org"))
    deliver_all(Notices(store, Settings()))
    (row,) = [row for row in kept(store) if row["kind"] == "webhook"]
    assert row["status"] == "given up"
    assert "not a public address" in row["said"]
    assert hook.calls == []


def test_this_machine_by_its_real_name_is_never_called(
    alice: Caller, store: Store, hook: Hook
) -> None:
    ended(store, alice.user, webhook_url=hook.url())
    deliver_all(Notices(store, Settings()))
    assert hook.calls == []


def test_a_dead_hook_holds_up_neither_mail_nor_run(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    settings = replace(notices.settings, webhook_private_addresses=True)
    url = f"https://127.0.0.1:{free_port()}/"
    ended(store, alice.user, webhook_url=url)
    deliver_all(Notices(store, settings))
    assert {row["kind"]: row["status"] for row in kept(store)} == {
        "mail": "sent",
        "webhook": "pending",
    }


def names(monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]]) -> list[str]:
    """Have the name server know some names; those that are asked for are listed."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in known[host]]

    monkeypatch.setattr("api.public_address.socket.getaddrinfo", _falling_back(look_up, known))
    return asked


def _falling_back(look_up: Any, known: dict[str, list[str]]) -> Any:
    real = socket.getaddrinfo

    def asked(host: Any, *args: Any, **options: Any) -> Any:
        return look_up(host, *args, **options) if host in known else real(host, *args, **options)

    return asked
