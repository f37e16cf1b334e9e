"""Slow receivers: each delivery ends in time, and the notices of others go on beside it."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.config import Settings
from api.notices.outbox import Notices
from api.store import Store
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in
from tests.api.owed_notices import deliver_all, ended, kept
from tests.api.receivers import https_receiver, mail_settings, smtp_server, trusted
from tests.api.services import Caller
from tests.api.slow_receivers import (
    Talk,
    drip,
    handshake,
    over_tls,
    silent,
    slow_server,
    smtp_until,
    start_tls_and_wait,
)
from tests.waiting import until

SOON = 1
"""A total time that is over long before the slow servers hang up."""
LATE = 20
"""One that is not over while a test goes on."""


def hooks(timeout: float = SOON, **more: Any) -> Settings:
    return Settings(webhook_private_addresses=True, notice_timeout=timeout, **more)


def mails(port: int, **more: Any) -> Settings:
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"}
    sender = {"smtp_sender": "a@example.org", "notice_timeout": SOON}
    return Settings(**{**given, **sender, **more})


def of_kind(store: Store, kind: str) -> list[dict[str, Any]]:
    return [row for row in kept(store) if row["kind"] == kind]


@pytest.mark.parametrize("talk", [silent, handshake], ids=["silent", "handshake"])
def test_a_hook_that_does_not_come_to_tls(alice: Caller, store: Store, talk: Talk) -> None:
    with slow_server(talk) as port:
        ended(store, alice.user, webhook_url=f"https://127.0.0.1:{port}/")
        deliver_all(Notices(store, hooks()))
    (row,) = of_kind(store, "webhook")
    assert (row["status"], row["said"]) == ("pending", "127.0.0.1 took longer than 1 s")


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: a\r\n"),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
    ids=["status", "header", "headers", "never final"],
)
def test_a_hook_that_answers_a_byte_at_a_time(
    alice: Caller,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: bytes,
    unit: bytes,
) -> None:
    context = trusted(tmp_path, monkeypatch, "127.0.0.1")
    with slow_server(over_tls(context, start, unit)) as port:
        ended(store, alice.user, webhook_url=f"https://127.0.0.1:{port}/")
        deliver_all(Notices(store, hooks()))
    (row,) = of_kind(store, "webhook")
    assert row["status"] == "pending"
    assert "127.0.0.1" in row["said"]


def test_the_body_of_an_answer_is_not_waited_for(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusted(tmp_path, monkeypatch, "127.0.0.1")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
    with slow_server(over_tls(context, head)) as port:
        ended(store, alice.user, webhook_url=f"https://127.0.0.1:{port}/")
        deliver_all(Notices(store, hooks(LATE)))
    assert [row["status"] for row in of_kind(store, "webhook")] == ["sent"]


@pytest.mark.parametrize(
    ("talk", "tls"),
    [
        (silent, "none"),
        (partial(drip, start=b"220-"), "none"),
        (partial(drip, start=b"", unit=b"220-more\r\n"), "none"),
        (smtp_until(b"EHLO"), "none"),
        (smtp_until(b"MAIL"), "none"),
        (smtp_until(b"RCPT"), "none"),
        (smtp_until(b"DATA"), "none"),
        (smtp_until(b".\r\n"), "none"),
        (silent, "tls"),
        (handshake, "tls"),
        (smtp_until(b"STARTTLS", b"STARTTLS"), "starttls"),
        (smtp_until(b"STARTTLS", b"STARTTLS", then=start_tls_and_wait), "starttls"),
    ],
    ids=[
        *("silent", "greeting", "greetings", "EHLO", "MAIL", "RCPT", "DATA", "end of DATA"),
        *("silent TLS", "TLS handshake", "STARTTLS", "STARTTLS handshake"),
    ],
)
def test_a_mail_server_that_is_slow_at_one_step(
    alice: Caller, store: Store, talk: Talk, tls: str
) -> None:
    with slow_server(talk) as port:
        ended(store, alice.user)
        deliver_all(Notices(store, mails(port, smtp_tls=tls)))
    (row,) = kept(store)
    assert (row["status"], row["said"]) == ("pending", "127.0.0.1 took longer than 1 s")


def test_a_mail_that_was_taken_is_sent_whatever_follows(alice: Caller, store: Store) -> None:
    with slow_server(smtp_until(b"QUIT")) as port:
        ended(store, alice.user)
        deliver_all(Notices(store, mails(port)))
    assert [row["status"] for row in kept(store)] == ["sent"]


@contextmanager
def hanging_names(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> Iterator[None]:
    """Have the look-up of some hosts hang until the end."""
    real, end = socket.getaddrinfo, threading.Event()

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host in hosts:
            end.wait()
            raise socket.gaierror("timed out")
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        yield
    finally:
        end.set()


def test_a_name_server_that_does_not_answer(
    alice: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, alice.user, webhook_url="https://hooks.example.org/")
    settings = mails(25, smtp_host="mail.example.org", webhook_private_addresses=True)
    with hanging_names(monkeypatch, "hooks.example.org", "mail.example.org"):
        deliver_all(Notices(store, settings))
    assert {row["said"] for row in kept(store)} == {
        "hooks.example.org took longer than 1 s",
        "mail.example.org took longer than 1 s",
    }


def test_ten_slow_hooks_of_one_user_hold_up_no_other(
    alice: Caller, bob: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusted(tmp_path, monkeypatch, "localhost", "127.0.0.1")
    slow = over_tls(context, b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with slow_server(slow) as port, https_receiver(context) as hook:
        for _ in range(10):
            ended(store, alice.user, webhook_url=f"https://127.0.0.1:{port}/")
        ended(store, bob.user, webhook_url=hook.url())
        with Notices(store, hooks(LATE, watch_interval=0.05)).delivering(threading.Event()):
            until(lambda: len(hook.calls), lambda calls: calls == 1)
            ended(store, bob.user, webhook_url=hook.url())
            until(lambda: len(hook.calls), lambda calls: calls == 2)
            slow_rows = [row for row in of_kind(store, "webhook") if row["target"] != hook.url()]
            assert [row["status"] for row in slow_rows] == ["pending"] * 10
            assert sum(row["tries"] for row in slow_rows) == 4, "a user's share"


def test_ten_names_that_hang_hold_up_no_other(
    alice: Caller, bob: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusted(tmp_path, monkeypatch, "localhost")
    hosts = [f"h{number}.example.org" for number in range(10)]
    for host in hosts:
        ended(store, alice.user, webhook_url=f"https://{host}/")
    with https_receiver(context) as hook, hanging_names(monkeypatch, *hosts):
        ended(store, bob.user, webhook_url=hook.url())
        with Notices(store, hooks(watch_interval=0.05)).delivering(threading.Event()):
            until(lambda: len(hook.calls), lambda calls: calls == 1)
            # More look-ups hang by now than a pool of threads would hold.
            until(
                lambda: [row["tries"] for row in of_kind(store, "webhook")],
                lambda tries: all(tries),
            )
            ended(store, bob.user, webhook_url=hook.url())
            until(lambda: len(hook.calls), lambda calls: calls == 2)


def test_a_slow_mail_server_holds_up_no_hook(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusted(tmp_path, monkeypatch, "localhost")
    with slow_server(silent) as port, https_receiver(context) as hook:
        for _ in range(10):
            ended(store, alice.user)
        ended(store, alice.user, webhook_url=hook.url())
        settings = mails(
            port, notice_timeout=LATE, webhook_private_addresses=True, watch_interval=0.05
        )
        with Notices(store, settings).delivering(threading.Event()):
            until(lambda: len(hook.calls), lambda calls: calls == 1)
            assert {row["status"] for row in of_kind(store, "mail")} == {"pending"}


def test_mails_that_are_slow_to_be_taken_hold_up_no_others_mail(
    alice: Caller, bob: Caller, store: Store
) -> None:
    with smtp_server() as mailbox:
        for _ in range(10):
            ended(store, alice.user, notification_email="slow@example.org")
        ended(store, bob.user)
        settings = mail_settings(mailbox, notice_timeout=LATE, watch_interval=0.05)
        with Notices(store, settings).delivering(threading.Event()):
            until(lambda: mailbox.recipients, lambda mails: mails == [["bob@example.org"]])


_HANGING = """
import socket
import sys
import threading
import time
from pathlib import Path
from api.config import Settings
from api.notices.outbox import Notices
from api.store import Store

def hang(*args, **options):
    print("hanging", flush=True)
    time.sleep(600)

socket.getaddrinfo = hang
stop = threading.Event()
with Notices(Store(Path(sys.argv[1])), Settings(notice_timeout=60)).delivering(stop):
    sys.stdin.readline()
"""


def test_a_look_up_that_hangs_does_not_keep_the_process(alice: Caller, store: Store) -> None:
    ended(store, alice.user, webhook_url="https://hooks.example.org/")
    path = store.db.conn.execute("PRAGMA database_list").fetchone()[2]
    process = subprocess.Popen(
        [sys.executable, "-c", _HANGING, path],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hanging\n"
        process.communicate(b"stop\n", timeout=30)
        assert process.returncode == 0
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_a_notice_left_in_the_middle_is_sent_once_its_lease_is_over(
    alice: Caller, bob: Caller, store: Store
) -> None:
    """Until then it counts against nobody's share."""
    for _ in range(5):
        ended(store, alice.user)
    left = [store.notices.claim(60) for _ in range(5)]
    ended(store, alice.user)
    with smtp_server() as mailbox:
        notices = Notices(store, mail_settings(mailbox, watch_interval=0.05))
        with notices.delivering(threading.Event()):
            until(lambda: len(mailbox.messages), lambda number: number == 1)
            store.db.conn.execute(
                "UPDATE notices SET claimed_until = ? WHERE claim IS NOT NULL", (utc_in(-1),)
            )
            until(lambda: len(mailbox.messages), lambda number: number == len(left) + 1)
