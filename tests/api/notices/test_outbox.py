"""Notices: one for each end, sent by one watcher, tried for a day, and never in a run's way."""

import gc
import logging
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from api.config import Settings
from api.notices.outbox import TRIED_FOR, Notices
from api.store import Store
from api.store.records import NoticeStatus, Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in
from tests.api.owed_notices import REQUEST, deliver_all, ended, kept, make_due
from tests.api.receivers import Mailbox, mail_settings
from tests.api.services import Caller, free_port
from tests.api.slow_receivers import slow_server
from tests.crawls import Home
from tests.waiting import until


def test_a_cancelled_run_is_told_once_its_spider_is_gone(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(REQUEST), [])
    told = {"failed_reason": "cancelled", "failed_message": "Cancelled by user"}
    store.runners.end(runner.id, Outcome(Stage.FAILED, is_stopping=True, asin_count=1, **told))
    assert not notices.deliver_next()
    store.runners.see_out(runner.id, 3)
    deliver_all(notices)
    assert mailbox.messages[0]["Subject"] == "Cancelled: Lamps, 3 products"
    assert len(kept(store)) == 1


def test_a_cancelled_run_whose_spider_stays_is_told_after_a_minute(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(REQUEST), [])
    store.runners.end(runner.id, Outcome(Stage.FAILED, failed_reason="cancelled", is_stopping=True))
    store.db.conn.execute("UPDATE notices SET created_at = ?", (utc_in(-61),))
    deliver_all(notices)
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
from api.notices.outbox import Notices
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
    late = store.notices.claim(0)
    assert late is not None
    store.db.conn.execute("UPDATE notices SET claimed_until = ?", (utc_in(-1),))
    assert store.notices.claim(60) is not None
    assert not store.notices.settle(late, NoticeStatus.SENT, None)
    assert not store.notices.postpone(late, 10, "x")


def test_a_dead_mail_server_delays_no_end(alice: Caller, store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(
            smtp_host="127.0.0.1",
            smtp_port=silent.getsockname()[1],
            smtp_sender="a@example.org",
            watch_interval=0.05,
        )
        for _ in range(6):
            ended(store, alice.user)
        with Notices(store, settings).delivering(threading.Event()):
            until(lambda: [row["tries"] for row in kept(store)], lambda tries: sum(tries) == 4)
            assert ended(store, alice.user).stage is Stage.DONE


def test_a_dead_hook_holds_up_neither_mail_nor_run(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    settings = notices.settings.model_copy(update={"webhook_private_addresses": True})
    url = f"https://127.0.0.1:{free_port()}/"
    ended(store, alice.user, webhook_url=url)
    deliver_all(Notices(store, settings))
    assert {row["kind"]: row["status"] for row in kept(store)} == {
        "mail": "sent",
        "webhook": "pending",
    }


def test_deliveries_leave_no_connection_open(
    alice: Caller, bob: Caller, store: Store, mailbox: Mailbox, home: Home
) -> None:
    def open_files() -> int:
        number = 0
        for path in Path("/proc/self/fd").iterdir():
            # What is closed in the meantime is there no more.
            with suppress(FileNotFoundError):
                number += path.readlink() == home.folder / "var" / "api.db"
        return number

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not tell which files are open")
    for _ in range(30):
        ended(store, alice.user)
        ended(store, bob.user)
    gc.disable()
    try:
        with Notices(store, mail_settings(mailbox)).delivering(threading.Event()):
            until(lambda: len(mailbox.messages), lambda number: number == 60)
        # SQLite keeps as many for its next connections as there were at once.
        assert open_files() < 20
    finally:
        gc.enable()


_TARGET = "UPDATE notices SET target = "
DAMAGE = [
    ("webhook", f"{_TARGET} 'https://a..example.org/'"),
    ("webhook", f"{_TARGET} 'https://{'x' * 64}.org/'"),
    ("webhook", f"{_TARGET} 'https://{'x.' * 200}org/'"),
    ("webhook", f"{_TARGET} 'https://[/'"),
    ("mail", f"{_TARGET} 'a@example.org' || char(10) || 'Bcc: b@example.org'"),
    *((kind, f"{_TARGET} ''") for kind in ("mail", "webhook")),
    *((kind, "UPDATE collections SET request = '{'") for kind in ("mail", "webhook")),
    *((kind, "UPDATE runners SET coverage = '[1'") for kind in ("mail", "webhook")),
    *((kind, "UPDATE collections SET name = x'ff'") for kind in ("mail", "webhook")),
]


@pytest.mark.parametrize(("kind", "damage"), DAMAGE)
def test_a_notice_that_cannot_be_made_stops_no_other(
    alice: Caller,
    bob: Caller,
    store: Store,
    mailbox: Mailbox,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    damage: str,
) -> None:
    """Older versions took such addresses, and a disk or a person may damage the rest."""
    for _ in range(6):
        ended(store, alice.user, webhook_url="https://hooks.example.org/")
    store.db.conn.execute("DELETE FROM notices WHERE kind != ?", (kind,))
    store.db.conn.execute(damage)
    ended(store, bob.user)
    settings = mail_settings(mailbox, watch_interval=0.05, webhook_private_addresses=True)
    with Notices(store, settings).delivering(threading.Event()):
        until(lambda: mailbox.recipients, lambda mails: ["bob@example.org"] in mails)
        until(
            lambda: [row for row in kept(store) if not row["tries"] or row["claim"]],
            lambda untried: not untried,
        )
    rows = [row for row in kept(store) if row["target"] != "bob@example.org"]
    assert {(row["status"], row["tries"]) for row in rows} == {("pending", 1)}
    assert all(row["said"] and row["next_try_at"] > row["created_at"] for row in rows)
    for row in rows:
        assert f"The {kind} of runner {row['runner']} is tried again in 10 s: " in caplog.text


def test_a_notice_that_cannot_be_made_is_given_up_after_a_day(alice: Caller, store: Store) -> None:
    ended(store, alice.user, webhook_url="https://hooks.example.org/")
    store.db.conn.execute("UPDATE collections SET request = '{'")
    notices = Notices(store, Settings())
    pauses = []
    for _ in range(3):
        deliver_all(notices)
        pauses.append(kept(store)[1]["next_try_at"])
        make_due(store)
    assert pauses == sorted(set(pauses)), "the pauses grow"
    store.db.conn.execute("UPDATE notices SET created_at = ?", (utc_in(-TRIED_FOR),))
    deliver_all(notices)
    (row,) = [row for row in kept(store) if row["kind"] == "webhook"]
    assert (row["status"], row["said"][:15]) == ("given up", "JSONDecodeError")


def test_a_notice_whose_runner_is_gone_is_given_up(
    alice: Caller, store: Store, notices: Notices
) -> None:
    runner = ended(store, alice.user)
    store.db.conn.execute("PRAGMA foreign_keys = OFF")
    store.db.conn.execute("DELETE FROM runners WHERE id = ?", (runner.id,))
    store.db.conn.execute("PRAGMA foreign_keys = ON")
    deliver_all(notices)
    (row,) = kept(store)
    assert (row["status"], row["said"]) == ("given up", "the runner no longer exists")


def test_what_a_server_says_can_be_kept_whatever_it_is(alice: Caller, store: Store) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"421 \xff\xfe\x1b[31m go away\r\n")

    ended(store, alice.user)
    with slow_server(talk) as port:
        settings = Settings(
            smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", smtp_sender="a@example.org"
        )
        deliver_all(Notices(store, settings))
    (row,) = kept(store)
    assert (row["status"], row["tries"], row["claim"]) == ("pending", 1, None)
    assert "go away" in row["said"]
    assert row["said"].isprintable()
