"""The examples, as a reader runs them: against ``make serve``."""

import importlib.util
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from api.accounts.passwords import password_hash
from api.accounts.secret import hash_of
from api.notices.webhook import signing_secret
from api.store import Store
from category_crawler.files.home import PROJECT
from tests.api.receivers import https_receiver, smtp_server, trusted
from tests.api.services import BODY, CATEGORY, free_port
from tests.api.test_serve import KEY, Service
from tests.crawls import URL, Home
from tests.foreground import heed_signals
from tests.storefront import Storefront
from tests.storefront.changes import Change, changed
from tests.waiting import until

EXAMPLES = PROJECT / "examples"
PASSWORD = "correct horse battery"
SECRET = "whsec_c2VjcmV0"


@pytest.fixture
def receiver() -> ModuleType:
    """The webhook receiver, loaded as a module."""
    made = importlib.util.spec_from_file_location("webhook", EXAMPLES / "webhook.py")
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


@pytest.fixture
def served(home: Home) -> Iterator[Service]:
    yield from serving(home)


def serving(home: Home, **more: str) -> Iterator[Service]:
    store = Store(home.folder / "var" / "api.db")
    user = store.users.add("ann@example.org", "ann", hash_of(KEY))
    store.users.set_password(user, password_hash(PASSWORD))
    running = Service(home, **more)
    try:
        until(lambda: (running.call("/healthz") or {}).get("code"), lambda code: code == 200)
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()


def run(command: list[str], served: Service, **more: str) -> subprocess.Popen[str]:
    given = {"CRAWLER_KEY": KEY, "CRAWLER_PAUSE": "0.2", "CRAWLER_API": api(served)} | more
    return subprocess.Popen(
        command,
        env=os.environ | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )


def api(served: Service) -> str:
    return f"http://127.0.0.1:{served.port}/api/v1"


def crawl(served: Service, output: Path, *more: str) -> subprocess.Popen[str]:
    script = [sys.executable, str(EXAMPLES / "crawl.py"), URL, "4500", "-o", str(output)]
    return run([*script, "--api", api(served), *more], served)


def test_the_calls_by_curl_and_python(served: Service, shop: Storefront, tmp_path: Path) -> None:
    by_curl = run([str(EXAMPLES / "calls.sh")], served)
    body = {"email": "ann@example.org", "password": PASSWORD}
    token = served.call("/api/v1/users/login", body)["data"]["token"]
    by_token = run([str(EXAMPLES / "calls.sh")], served, CRAWLER_KEY="", CRAWLER_TOKEN=token)
    by_python = crawl(served, tmp_path / "lamps.csv")
    for process in (by_curl, by_token):
        told, said = process.communicate(timeout=90)
        assert process.returncode == 0, said
        assert len(json.loads(told)["data"][0]["asins"]) == 60
        assert KEY not in said
    told, said = by_python.communicate(timeout=90)
    assert by_python.returncode == 0, said
    assert "60 products in" in told
    assert "Complete: True" in told
    assert len((tmp_path / "lamps.csv").read_text().splitlines()) >= 61


def test_a_daily_run_and_what_changed(served: Service, shop: Storefront) -> None:
    def daily(*words: str) -> tuple[str, str]:
        script = [sys.executable, str(EXAMPLES / "daily.py"), "--api", api(served), *words]
        return run(script, served).communicate(timeout=90)

    told, said = daily("schedule", URL, "4500", "--timezone", "Europe/Berlin")
    assert told == "Collection 1 is crawled now and daily at 06:00 (Europe/Berlin)\n", said
    assert "no run that is done" in daily("changes", "1")[1]

    def ended() -> bool:
        (told,) = served.call(f"{CATEGORY}/result", {"collection_id": 1})["data"]
        return bool(told["stage"] == "done")

    until(ended, bool)
    truth = changed(shop.catalogue, Change(moved=0.2, gone=0.1))
    shop.site.catalogue = truth.catalogue
    assert served.call(f"{CATEGORY}/rerun", {"collection_id": 1})["code"] == 200
    until(ended, bool)
    told, said = daily("changes", "1")
    assert "Both lists are complete" in told, said
    for kind, asins in (("gone", truth.gone), ("price_down", truth.price_down)):
        assert re.search(rf"{kind} +│ +{len(asins)} ", told), told
    assert "There is no collection 9 of yours" in daily("changes", "9")[1]


def test_cancelled_by_curl_and_by_ctrl_c(served: Service, shop: Storefront, tmp_path: Path) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    by_python = crawl(served, tmp_path / "lamps.jsonl")
    listed = until(lambda: _found(served), lambda runs: bool(runs) and runs[0]["asin_count"] > 0)
    by_python.send_signal(signal.SIGINT)
    _, said = by_python.communicate(timeout=60)
    assert by_python.returncode == 1
    assert "cancelled: Cancelled by user" in said
    assert len((tmp_path / "lamps.jsonl").read_text().splitlines()) >= 24
    again = run([str(EXAMPLES / "calls.sh"), "cancel", str(listed[0]["collection"])], served)
    told, _ = again.communicate(timeout=60)
    assert json.loads(told)["data"]["revoked"] is False
    unknown = run([str(EXAMPLES / "calls.sh"), "cancel", "999"], served)
    told, _ = unknown.communicate(timeout=60)
    assert (unknown.returncode, json.loads(told)["code"]) == (1, 404)


def _found(served: Service) -> list[dict[str, Any]]:
    listed = served.call("/api/v1/schedules/amazon/category/list", {})
    runs: list[dict[str, Any]] = listed["data"]["items"]
    return runs


def blocks_of_the_readme() -> list[str]:
    """The README's indented blocks, as a reader would paste them."""
    text = (PROJECT / "README.md").read_text()
    found = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def block_with(words: str) -> str:
    (block,) = (block for block in blocks_of_the_readme() if words in block)
    return block


def test_the_readmes_block_waits_for_the_run_that_it_starts(
    served: Service, tmp_path: Path
) -> None:
    (post,) = (line for line in block_with("create-zipcode").splitlines() if "post()" in line)
    given = f"API={api(served)}\nKEY={shlex.quote(KEY)}\n{post}\n"
    added, cancelled = block_with("add_schedule"), block_with("category/cancel")
    assert added != cancelled
    pasted = subprocess.run(
        ["bash", "-c", f'{given}{added}\necho "$RESULT" >result.json\n{cancelled}'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert pasted.stderr == ""
    result = json.loads((tmp_path / "result.json").read_bytes())["data"][0]
    assert (result["stage"], result["failed_message"]) == ("done", None)
    assert result["asins"]
    assert '"revoked":false' in pasted.stdout, "there was nothing left to cancel"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["cancle"], "Not understood: cancle"),
        (["cancel"], "Give the number of the collection to cancel."),
        (["cancel", "7", "8"], "Not understood: cancel 7 8"),
        (["cancel", "all"], "The collection is a number, not 'all'."),
        (["cancel", "-7"], "The collection is a number, not '-7'."),
        (["--verbose"], "Not understood: --verbose"),
        ([""], "Not understood: "),
    ],
)
def test_calls_that_are_not_understood_start_nothing(arguments: list[str], says: str) -> None:
    ended, connections = calls(*arguments)
    assert (ended.returncode, ended.stdout, connections) == (2, "", 0)
    assert ended.stderr.startswith(f"{says}\n\n")
    assert "examples/calls.sh cancel 7" in ended.stderr


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_help_starts_nothing(asked: str) -> None:
    ended, connections = calls(asked)
    assert (ended.returncode, ended.stderr, connections) == (0, "", 0)
    assert "examples/calls.sh cancel 7" in ended.stdout
    assert "CRAWLER_PAUSE" in ended.stdout
    assert "set -" not in ended.stdout


def test_calls_without_a_credential_start_nothing() -> None:
    ended, connections = calls(CRAWLER_KEY="")
    assert (ended.returncode, ended.stdout, connections) == (2, "", 0)
    assert ended.stderr.startswith("Set CRAWLER_KEY or CRAWLER_TOKEN.")


def calls(*arguments: str, **more: str) -> tuple[subprocess.CompletedProcess[str], int]:
    """``calls.sh``, and the number of connections that it made to a listening API."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        api = {"CRAWLER_API": f"http://127.0.0.1:{listening.getsockname()[1]}", "CRAWLER_KEY": KEY}
        ended = subprocess.run(
            [str(EXAMPLES / "calls.sh"), *arguments],
            env=os.environ | {"CRAWLER_TOKEN": ""} | api | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        listening.setblocking(False)
        connections = 0
        with suppress(BlockingIOError):
            while listening.accept():
                connections += 1
    return ended, connections


@pytest.mark.parametrize(
    ("command", "environment", "says"),
    [
        (["examples/webhook.py", "--hepl"], {}, "unrecognized arguments: --hepl"),
        (["examples/webhook.py", "start"], {}, "unrecognized arguments: start"),
        (["examples/webhook.py"], {"WEBHOOK_PORT": "nine"}, "invalid int value: 'nine'"),
        (["examples/webhook.py"], {"WEBHOOK_PORT": "99999"}, "port 99999 cannot be opened"),
        (["examples/webhook.py"], {"WEBHOOK_SECRET": ""}, "set WEBHOOK_SECRET"),
        (["examples/crawl.py", "a", "b", "c"], {}, "unrecognized arguments: c"),
        (["examples/crawl.py", "a"], {}, "required: postcode"),
        (
            ["examples/crawl.py", "a", "b"],
            {"CRAWLER_PAUSE": "nan"},
            "'nan' is not a number of seconds",
        ),
        (["scripts/demo.py", "stop"], {}, "unrecognized arguments: stop"),
        (["scripts/check_pythons.py", "--hepl"], {}, "unrecognized arguments: --hepl"),
        (["-m", "benchmarks", "speed"], {}, "unrecognized arguments: speed"),
        (["-m", "benchmarks.coverage", "5001"], {}, "no trial begins with '5001'"),
    ],
)
def test_what_a_script_does_not_understand_ends_it(
    command: list[str], environment: dict[str, str], says: str
) -> None:
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=os.environ | {"WEBHOOK_SECRET": "secret", "CRAWLER_KEY": KEY} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: ")
    assert says in ended.stderr.splitlines()[-1]


def test_a_wrong_address_is_one_sentence(served: Service, tmp_path: Path) -> None:
    script = [sys.executable, str(EXAMPLES / "crawl.py"), "https://example.org/", "4500"]
    process = run(script, served)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == "The URL names no category: it has neither n%3A… nor node=…\n"


def test_what_the_scripts_meet_without_an_api_is_one_sentence(tmp_path: Path) -> None:
    script = [sys.executable, str(EXAMPLES / "crawl.py"), URL, "4500"]
    nowhere = ["--api", f"http://127.0.0.1:{free_port()}/api/v1"]
    for more, says in (
        (["-o", str(tmp_path / "missing" / "lamps.csv")], "there is no folder"),
        (nowhere, "The API gave no answer that can be read: ConnectionError"),
    ):
        process = subprocess.run(
            [*script, *more],
            env=os.environ | {"CRAWLER_KEY": KEY},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode > 0
        assert says in process.stderr.splitlines()[-1]
        assert "Traceback" not in process.stderr


def test_notices_of_a_served_run(
    home: Home,
    tmp_path: Path,
    shop: Storefront,
    monkeypatch: pytest.MonkeyPatch,
    receiver: ModuleType,
) -> None:
    """The watcher of ``make serve`` sends mail and webhooks; the example accepts them."""
    context = trusted(tmp_path, monkeypatch, "localhost")
    authorities = tmp_path / "both.pem"
    of_shop = Path(shop.environment()["SSL_CERT_FILE"]).read_text()
    authorities.write_text(of_shop + (tmp_path / "authority.pem").read_text())
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    with smtp_server() as mailbox, https_receiver(context) as hook:
        settings = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mailbox.port),
            "SMTP_TLS": "none",
            "SMTP_SENDER": "crawler@example.org",
            "WEBHOOK_PRIVATE_ADDRESSES": "true",
        }
        named = {f"CATEGORY_CRAWLER_{name}": value for name, value in settings.items()}
        for served in serving(home, SSL_CERT_FILE=str(authorities), **named):
            path = "/api/v1/schedules/amazon/category/add_schedule"
            served.call(path, BODY | {"webhook_url": hook.url()})
            until(lambda: (len(mailbox.messages), len(hook.calls)), lambda got: got == (1, 1))
    assert mailbox.messages[0]["Subject"] == "Done: amazon_category_4851693051, 60 products"
    ((_, headers, body),) = hook.calls
    assert receiver.is_genuine(signing_secret(1), headers, body)
    assert json.loads(body)["asin_count"] == 60


def signed(
    body: str, moment: datetime | None = None, secret: str = SECRET, event: str = "5f0c"
) -> dict[str, str]:
    """The headers of a call with this body."""
    now = moment or datetime.now(UTC)
    return {
        "Webhook-Id": event,
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(event, now, body),
    }


@pytest.mark.parametrize(
    ("change", "genuine"),
    [
        ({}, True),
        ({"Webhook-Id": "another"}, False),
        ({"Webhook-Timestamp": "1"}, False),
        ({"Webhook-Timestamp": "soon"}, False),
        ({"Webhook-Signature": ""}, False),
        ({"Webhook-Signature": "v1"}, False),
        ({"Webhook-Signature": "v1,\xe9"}, False),
        (signed("{}", secret="whsec_b3RoZXI="), False),
        (signed("{}", datetime.now(UTC) - timedelta(minutes=6)), False),
    ],
)
def test_only_what_is_signed_is_believed(
    receiver: ModuleType, change: dict[str, str], genuine: bool
) -> None:
    assert receiver.is_genuine(SECRET, signed("{}") | change, b"{}") is genuine
    assert not receiver.is_genuine(SECRET, signed("{}") | change, b'{"id": 1}')
    assert not receiver.is_genuine(SECRET, signed("{}") | change, b"\xff")


def test_the_receiver_takes_each_event_once() -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "webhook.py")],
        env=os.environ | {"WEBHOOK_SECRET": SECRET, "WEBHOOK_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    body = json.dumps({"name": "Lamps", "stage": "done", "asin_count": 60}).encode()
    genuine = signed(body.decode())
    found = [{"rule": {"kind": "gone"}, "count": 3}, {"rule": {"kind": "new"}, "count": 0}]
    alert = json.dumps({"type": "alert", "run": {"name": "Lamps"}, "rules": found})

    def post(sent: bytes = body, **headers: str) -> int | None:
        try:
            url = f"http://127.0.0.1:{port}/"
            answer = requests.post(url, data=sent, headers=headers, timeout=5)
        except requests.ConnectionError:
            return None
        return answer.status_code

    try:
        until(lambda: post(**genuine), lambda code: code == 204)
        assert post(**genuine) == 204
        assert post(**genuine | {"Webhook-Signature": "v1,AA=="}) == 401
        assert post(alert.encode(), **signed(alert, event="another")) == 204
    finally:
        process.terminate()
    told, _ = process.communicate(timeout=10)
    assert told == "Lamps: done, 60 products\nLamps: gone 3, new 0\n"
