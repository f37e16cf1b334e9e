"""Webhooks: signed calls to a real https receiver, and none to where they must not lead."""

import hmac
import json
import re
import socket
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from api.config import Settings
from api.notices.outbox import Notices
from api.notices.webhook import secret_file, signing_secret
from api.store import Store
from tests.api.owed_notices import deliver_all, ended, kept, make_due
from tests.api.receivers import Hook, https_receiver, trusted
from tests.api.services import Caller


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    context = trusted(tmp_path, monkeypatch, "localhost", "127.0.0.1", "hooks.example.org")
    with https_receiver(context) as receiver:
        yield receiver


@pytest.fixture
def allowing(store: Store) -> Notices:
    """No mails, webhooks also on this machine."""
    return Notices(store, Settings(webhook_private_addresses=True))


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
    result = alice.result(runner.collection.id)
    assert set(told) == set(result) - {"asins", "exports"}
    assert told["asked"] == result["asked"]
    assert (told["asked"]["postcode"], told["asked"]["node_name"]) == ("4500", "Lighting")
    assert (told["id"], told["asin_count"], told["stage"]) == (runner.id, 2, "done")
    assert Webhook(signing_secret(alice.user)).verify(body, headers) == told
    (row,) = [row for row in kept(store) if row["kind"] == "webhook"]
    assert (row["status"], headers["webhook-id"]) == ("sent", row["event"])


def test_a_receiver_of_version_0_1_goes_on_working(
    alice: Caller, store: Store, allowing: Notices, hook: Hook
) -> None:
    ended(store, alice.user, webhook_url=hook.url())
    deliver_all(allowing)
    ((_, headers, body),) = hook.calls
    printed = b64decode(signing_secret(alice.user).removeprefix("whsec_")).decode()
    assert re.fullmatch("[0-9a-f]{64}", printed)
    signed = hmac.digest(printed.encode(), headers["X-Timestamp"].encode() + b"." + body, "sha256")
    assert headers["X-Signature"] == f"sha256={signed.hex()}"
    assert headers["X-Event-Id"] == headers["webhook-id"]


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
    events = {headers["webhook-id"] for _, headers, _ in hook.calls}
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


def names(monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]]) -> list[str]:
    """Have the name server know some names; those that are asked for are listed."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(
        "api.notices.public_address.socket.getaddrinfo", _falling_back(look_up, known)
    )
    return asked


def _falling_back(look_up: Any, known: dict[str, list[str]]) -> Any:
    real = socket.getaddrinfo

    def asked(host: Any, *args: Any, **options: Any) -> Any:
        return look_up(host, *args, **options) if host in known else real(host, *args, **options)

    return asked
