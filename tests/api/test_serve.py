"""``make serve`` as it is run: everything together, over HTTP, until Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from api.secret import hash_of
from api.store import Store
from category_crawler.home import PROJECT
from tests.api.services import BODY, CATEGORY, free_port
from tests.crawls import Home
from tests.foreground import heed_signals
from tests.storefront import Storefront
from tests.waiting import until

KEY = "key of the only user"
_direct = build_opener(ProxyHandler({}))


class Service:
    """A running ``make serve``."""

    def __init__(self, home: Home, **more: str) -> None:
        self.port = free_port()
        ports = {"API_PORT": str(self.port), "SCRAPYD_PORT": str(free_port())}
        self.environment = home.environment | ports | more
        self.process = serve(self.environment)

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data)
        request.add_header("content-type", "application/json")
        request.add_header("x-api-key", KEY)
        try:
            return json.load(_direct.open(request, timeout=20))
        except HTTPError as error:
            return json.load(error)
        except URLError:
            return None

    def interrupt(self) -> str:
        """Ctrl-C; what was printed in all."""
        self.process.send_signal(signal.SIGINT)
        printed, _ = self.process.communicate(timeout=30)
        return printed


def serve(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "scripts/serve.py"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )


def processes_of(home: Path) -> list[str]:
    """Command lines of live processes whose home is this one."""
    marker = f"CATEGORY_CRAWLER_HOME={home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


@pytest.fixture
def service(home: Home) -> Iterator[Service]:
    Store(home.folder / "var" / "api.db").add_user("ann@example.org", "ann", hash_of(KEY))
    running = Service(home)
    try:
        until(lambda: (running.call("/healthz") or {}).get("code"), lambda code: code == 200)
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()


@pytest.mark.parametrize("proxy", ["127.0.0.1", ""])
def test_clients_are_told_apart_as_a_trusted_proxy_says(home: Home, proxy: str) -> None:
    settings = {"TRUSTED_PROXY": proxy, "RATE_LIMIT": "2/minute"}
    environment = {f"CATEGORY_CRAWLER_{name}": value for name, value in settings.items()}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "api", "serve"],
        cwd=PROJECT,
        env=home.environment | environment | {"API_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def code(client: str) -> int | None:
        request = Request(f"http://127.0.0.1:{port}/api/v1/settings/domains/", b"{}")
        request.add_header("content-type", "application/json")
        if client:
            request.add_header("x-forwarded-for", client)
            request.add_header("x-forwarded-proto", "https")
        try:
            with _direct.open(request, timeout=20) as answer:
                assert ("Strict-Transport-Security" in answer.headers) is bool(client and proxy)
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except URLError:
            return None

    try:
        until(lambda: code(""), lambda status: status == 200)
        last = 429 if proxy else 200
        forged = "198.51.100.1, 192.0.2.7"
        assert [code(client) for client in ("192.0.2.7", forged, "192.0.2.7")] == [200, 200, last]
        assert code("192.0.2.8") == 200
    finally:
        process.terminate()
        process.wait()


def test_a_crawl_over_http_and_the_end_of_it_all(
    service: Service, home: Home, shop: Storefront
) -> None:
    answer = service.call(f"{CATEGORY}/add_schedule/", BODY)
    collection = {"collection_id": answer["data"]["id"]}
    result = until(
        lambda: service.call(f"{CATEGORY}/result/", collection)["data"][0],
        lambda result: result["stage"] in ("done", "failed"),
    )
    assert len(result["asins"]) == 60
    shop.switches.block, shop.switches.block_from = "hang", 1
    service.call(f"{CATEGORY}/add_schedule/", BODY)
    until(lambda: processes_of(home.folder), lambda them: any("runner" in one for one in them))
    printed = service.interrupt()
    assert processes_of(home.folder) == []
    assert "Traceback" not in printed
    assert KEY not in printed
    assert (home.folder / "var/scrapyd.password").read_text() not in printed


def test_the_next_serve_goes_on_where_the_last_one_was_ended(
    service: Service, home: Home, shop: Storefront
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    answer = service.call(f"{CATEGORY}/add_schedule/", BODY)
    until(lambda: len(shop.listing_requests), lambda count: count > 1)
    service.interrupt()
    assert processes_of(home.folder) == []
    shop.switches.block = ""
    asked = len(shop.listing_requests)
    again = Service(home)
    try:
        until(lambda: (again.call("/healthz") or {}).get("code"), lambda code: code == 200)
        store = Store(home.folder / "var" / "api.db")
        until(lambda: store.open_runners(), lambda runners: not runners)
    finally:
        again.interrupt()
    runner = store.runner(answer["data"]["runner_id"])
    assert runner is not None
    assert (runner["stage"], runner["asin_count"]) == ("done", 60)
    assert len(shop.listing_requests) == asked + 2


def test_a_closed_terminal_ends_it_all(service: Service, home: Home, shop: Storefront) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    service.call(f"{CATEGORY}/add_schedule/", BODY)
    until(lambda: len(shop.listing_requests), lambda count: count > 1)
    # A terminal tells every process of the foreground group.
    os.killpg(service.process.pid, signal.SIGHUP)
    service.process.communicate(timeout=30)
    until(lambda: processes_of(home.folder), lambda them: not them)


def test_the_watcher_moves_runners_on_when_nobody_asks(service: Service, home: Home) -> None:
    service.call(f"{CATEGORY}/add_schedule/", BODY)
    store = Store(home.folder / "var" / "api.db")
    until(lambda: store.open_runners(), lambda runners: not runners)
    (runner,) = store.db["runners"].rows
    assert (runner["stage"], runner["asin_count"]) == ("done", 60)


def test_the_console_asks_for_the_password(service: Service) -> None:
    port = service.environment["SCRAPYD_PORT"]
    with pytest.raises(HTTPError, match="401"):
        _direct.open(f"http://127.0.0.1:{port}/jobs", timeout=20)


def test_a_taken_port_is_one_sentence(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = serve(home.environment | {"API_PORT": port, "SCRAPYD_PORT": str(free_port())})
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert printed.startswith(
        f"Cannot serve: port {port} cannot be opened (Address already in use)"
    )
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("API_PORT", "eighty", "API_PORT is 'eighty'"),
        ("SCRAPYD_PORT", "99999", "SCRAPYD_PORT is '99999'"),
        ("CATEGORY_CRAWLER_HOME", "/dev/null/home", "cannot be written"),
        ("CATEGORY_CRAWLER_RATE_LIMIT", "fast", "Cannot serve: rate_limit is 'fast'"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(name: str, value: str, says: str) -> None:
    process = serve(os.environ | {name: value})
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert says in printed
    assert len(printed.splitlines()) == 1


def test_settings_that_cannot_be_read_are_named(home: Home) -> None:
    home.settings("[api")
    process = serve(home.environment)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "settings.toml cannot be read" in printed
    assert len(printed.splitlines()) == 1
