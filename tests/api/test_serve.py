"""``make serve`` as it is run: everything together, over HTTP, until Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from api.accounts.secret import hash_of
from api.store import Store
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from tests.api.services import BODY, CATEGORY, free_port
from tests.crawls import Home
from tests.foreground import heed_signals
from tests.storefront import Storefront
from tests.waiting import until

KEY = "key of the only user"
SERVE = (sys.executable, "-m", "api", "serve")
MAKE_SERVE = ("make", "--old-file=install", "serve", f"VENV={sys.prefix}")
_direct = build_opener(ProxyHandler({}))


class Service:
    """A running ``make serve``."""

    def __init__(self, home: Home, *command: str, **more: str) -> None:
        self.port = free_port()
        ports = {"API_PORT": str(self.port), "SCRAPYD_PORT": str(free_port())}
        self.environment = home.environment | ports | more
        self.process = serve(self.environment, *command)

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data)
        request.add_header("content-type", "application/json")
        request.add_header("x-api-key", KEY)
        try:
            return json.load(_direct.open(request, timeout=20))
        except HTTPError as error:
            return json.load(error)
        except (URLError, ConnectionError):
            return None

    def interrupt(self) -> str:
        """Ctrl-C; what was printed in all."""
        self.process.send_signal(signal.SIGINT)
        printed, _ = self.process.communicate(timeout=30)
        return printed


def serve(environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command or SERVE,
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
    return list(numbered_processes_of(home).values())


def numbered_processes_of(home: Path) -> dict[int, str]:
    marker = f"CATEGORY_CRAWLER_HOME={home}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
    return found


@pytest.fixture
def service(home: Home, request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service that answers; a test may name another command to start it with."""
    Store(home.folder / "var" / "api.db").users.add("ann@example.org", "ann", hash_of(KEY))
    running = Service(home, *getattr(request, "param", SERVE))
    try:
        until_well(running)
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()
        for number in numbered_processes_of(home.folder):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def until_well(running: Service) -> None:
    until(lambda: (running.call("/healthz") or {}).get("code"), lambda code: code == 200)


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
    until(
        lambda: processes_of(home.folder), lambda them: any("scrapy_command" in one for one in them)
    )
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
        until(lambda: store.runners.open(), lambda runners: not runners)
    finally:
        again.interrupt()
    runner = store.runners.get(answer["data"]["runner_id"])
    assert runner is not None
    assert (runner.stage, runner.asin_count) == (Stage.DONE, 60)
    assert len(shop.listing_requests) == asked + 2


def test_a_closed_terminal_ends_it_all(service: Service, home: Home, shop: Storefront) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    service.call(f"{CATEGORY}/add_schedule/", BODY)
    until(lambda: len(shop.listing_requests), lambda count: count > 1)
    # A terminal tells every process of the foreground group.
    os.killpg(service.process.pid, signal.SIGHUP)
    service.process.communicate(timeout=30)
    until(lambda: processes_of(home.folder), lambda them: not them)


def kill_it(service: Service) -> None:
    service.process.kill()


def kill_its_group(service: Service) -> None:
    """As ``kill -9 %1`` in a shell does; honcho's own processes go, too."""
    os.killpg(service.process.pid, signal.SIGKILL)


def stop_the_watcher_and_kill_it(service: Service) -> None:
    """A program that is stopped cannot end itself."""
    home = Path(service.environment["CATEGORY_CRAWLER_HOME"])
    (watcher,) = (
        n for n, words in numbered_processes_of(home).items() if words.endswith("watch\0")
    )
    os.kill(watcher, signal.SIGSTOP)
    service.process.kill()


@pytest.mark.parametrize(
    ("service", "kill"),
    [
        (SERVE, stop_the_watcher_and_kill_it),
        (MAKE_SERVE, kill_it),
        (MAKE_SERVE, kill_its_group),
    ],
    indirect=["service"],
)
def test_all_of_it_ends_with_a_service_that_is_killed_and_the_next_goes_on(
    service: Service, home: Home, shop: Storefront, kill: Callable[[Service], None]
) -> None:
    shop.switches.block, shop.switches.block_from = "hang", 2
    answer = service.call(f"{CATEGORY}/add_schedule/", BODY)
    until(lambda: len(shop.listing_requests), lambda count: count > 1)
    programs = numbered_processes_of(home.folder)
    assert len(programs) >= 8, "this script, three processes of honcho, three programs, a spider"
    kill(service)
    shop.switches.block = ""
    # Where a service manager starts it anew, that is at once.
    service.process.communicate(timeout=30)
    service.process = serve(service.environment)
    until(
        lambda: programs.keys() & numbered_processes_of(home.folder).keys(), lambda left: not left
    )
    until_well(service)
    store = Store(home.folder / "var" / "api.db")
    until(lambda: store.runners.open(), lambda runners: not runners)
    runner = store.runners.get(answer["data"]["runner_id"])
    assert runner is not None
    assert (runner.stage, runner.asin_count) == (Stage.DONE, 60)
    assert "Traceback" not in service.interrupt()
    assert processes_of(home.folder) == []


def test_a_service_started_by_hand_outlives_its_shell(home: Home) -> None:
    port = free_port()
    ports = {"API_PORT": str(port), "SCRAPYD_PORT": str(free_port())}
    line = 'nohup "$0" -m api serve >"$CATEGORY_CRAWLER_HOME/nohup.out" 2>&1 & echo $!'
    started = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        cwd=PROJECT,
        env=home.environment | ports,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=True,
    )
    try:
        until(lambda: _status(port), lambda status: status == 200)
        # Longer than anything here waits before it looks for its parent once more.
        time.sleep(2)
        assert _status(port) == 200
    finally:
        os.kill(int(started.stdout), signal.SIGTERM)
    until(lambda: processes_of(home.folder), lambda them: not them)


def _status(port: int) -> int | None:
    with suppress(URLError), _direct.open(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
        return int(answer.status)
    return None


def test_the_watcher_moves_runners_on_when_nobody_asks(service: Service, home: Home) -> None:
    service.call(f"{CATEGORY}/add_schedule/", BODY)
    store = Store(home.folder / "var" / "api.db")
    until(lambda: store.runners.open(), lambda runners: not runners)
    (runner,) = store.db["runners"].rows
    assert (runner["stage"], runner["asin_count"]) == ("done", 60)


def test_only_the_api_and_the_watcher_get_its_secrets(home: Home) -> None:
    running = Service(home, CATEGORY_CRAWLER_SMTP_PASSWORD="hush")
    try:
        until_well(running)
        knowing = {
            command
            for number, command in numbered_processes_of(home.folder).items()
            if b"hush" in Path("/proc", str(number), "environ").read_bytes()
        }
    finally:
        running.interrupt()
    assert any("watch" in command for command in knowing)
    assert not any("category_crawler.daemon" in command for command in knowing)


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


def test_a_second_service_of_one_home_names_the_first(service: Service, home: Home) -> None:
    ports = {"API_PORT": str(free_port()), "SCRAPYD_PORT": str(free_port())}
    second = serve(home.environment | ports)
    printed, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert printed.startswith(
        f"Cannot serve: process {service.process.pid} already serves the home {home.folder}:"
    )
    assert len(printed.splitlines()) == 1
    assert service.call("/healthz")["code"] == 200


def test_the_ports_of_a_service_that_was_killed_are_waited_for(home: Home) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (home.folder / "var").mkdir(exist_ok=True)
    (home.folder / "var" / "serve.pid").write_text(str(ended.pid))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = serve(
            home.environment | {"API_PORT": str(port), "SCRAPYD_PORT": str(free_port())}
        )
        assert process.stdout is not None
        said = process.stdout.readline()
    try:
        assert said == (
            f"The last service was killed; waiting for its programs to free port {port} …\n"
        )
        until(lambda: _status(port), lambda status: status == 200)
        assert (home.folder / "var" / "serve.pid").read_text() == str(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert not (home.folder / "var" / "serve.pid").exists()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("API_PORT", "eighty", "API_PORT is 'eighty'"),
        ("SCRAPYD_PORT", "99999", "SCRAPYD_PORT is '99999'"),
        ("CATEGORY_CRAWLER_HOME", "/dev/null/home", "cannot be written"),
        ("CATEGORY_CRAWLER_RATE_LIMIT", "fast", "Cannot serve: rate_limit is 'fast'"),
        ("CATEGORY_CRAWLER_PUBLIC_URL", "ftp://x", "Cannot serve: public_url is 'ftp://x'"),
        ("SCRAPYD_MAX_PROC_PER_CPU", "abc", "Cannot serve: SCRAPYD_MAX_PROC_PER_CPU is 'abc'"),
        ("SCRAPYD_POLL_INTERVAL", "0", "Cannot serve: SCRAPYD_POLL_INTERVAL is '0'"),
        ("CATEGORY_CRAWLER_CANCEL_GRACE", "long", "the setting cancel_grace must be a number"),
        ("SCRAPYD_PROT", "6900", "no environment variable SCRAPYD_PROT: did you mean SCRAPYD_PORT"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(name: str, value: str, says: str) -> None:
    process = serve(os.environ | {name: value})
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert says in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('DOWNLOAD_DELAY = "abc"', "the setting DOWNLOAD_DELAY must be a number, not 'abc'"),
        ("download_delay = 3", "no setting download_delay: did you mean DOWNLOAD_DELAY?"),
        (
            "[api]\nsmtp_prot = 25",
            "no setting smtp_prot in the table [api]: did you mean",
        ),
        ("[apii]", "there is no table [apii]"),
    ],
)
def test_a_wrong_setting_keeps_everything_from_starting(home: Home, given: str, says: str) -> None:
    home.settings(given)
    process = serve(home.environment)
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
