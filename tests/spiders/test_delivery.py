"""The spider ``delivery``, with a real browser against the shop's pop-over."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from category_crawler.delivery.browser import find_browser
from category_crawler.delivery.report import read_report
from category_crawler.delivery.session import DeliverySession, place, session_file
from category_crawler.files.home import PROJECT
from tests.cluster.valkey import Valkey
from tests.crawls import QUICK, Home
from tests.processes import kill_all_over, numbers_over
from tests.waiting import until


@pytest.fixture
def empty(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home without a session."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    session_file("amazon.com.au", "4500").unlink()
    return home


def test_a_browser_is_there() -> None:
    assert find_browser().exists(), "run 'make browser'"


@pytest.mark.parametrize(
    ("domain", "postcode", "says"),
    [
        ("amazon.com.au", "4500", "BRAY PARK 4500"),
        ("amazon.com", "20105", "Aldie 20105"),
        ("amazon.ca", "k1a 0b1", "K1A"),
        ("amazon.co.jp", "100-0001", "1000001"),
        ("amazon.com.br", "01310-100", "01310100"),
        ("amazon.pl", "00-001", "00-001"),
    ],
)
def test_a_postcode_becomes_a_session(empty: Home, domain: str, postcode: str, says: str) -> None:
    ended = empty.deliver(domain=domain, postcode=postcode)
    assert ended.code == 0, ended.said
    _, code = place(domain, postcode)
    path = session_file(domain, code)
    assert path.stat().st_mode & 0o777 == 0o600
    about = json.loads(path.read_bytes())["category_crawler"]
    assert says in about["location"]
    assert about["user_agent"].startswith("category_crawler/")
    assert about["suburb"] == ("BRAY PARK" if domain == "amazon.com.au" else None)
    session = DeliverySession.load(domain, code)
    assert session.age < 60
    visitor = empty.shop.site.visitors.of(domain, _cookie(session, "session-id"))
    assert visitor.place is not None


def test_no_session_is_saved_once_the_job_is_being_cancelled(empty: Home) -> None:
    """Whoever asked for it may have deleted it meanwhile."""
    empty.shop.switches.latency = 1.0
    process = empty.start_delivery()
    until(lambda: [r for r in empty.shop.requests if r.answered == "change"], bool)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert not session_file("amazon.com.au", "4500").exists()


def test_the_suburb_is_the_one_asked_for(empty: Home) -> None:
    ended = empty.deliver(suburb="strathpine")
    assert ended.code == 0
    assert DeliverySession.load("amazon.com.au", "4500").about["suburb"] == "STRATHPINE"


def test_the_browser_and_the_crawl_call_themselves_the_same(empty: Home) -> None:
    empty.deliver()
    agents = {request.user_agent for request in empty.shop.requests}
    assert len(agents) == 1
    assert agents.pop().startswith("category_crawler/")


@pytest.mark.parametrize(
    ("switch", "value", "arguments", "reason", "says"),
    [
        ("popover", True, {"postcode": "4599"}, "postcode_unknown", "enter a valid postcode"),
        ("popover", True, {"suburb": "Nowhere"}, "suburb_unknown", "BRAY PARK, STRATHPINE"),
        ("popover", False, {}, "no_popover", "did not open"),
        ("home_block", "captcha", {}, "blocked", "a captcha"),
        ("home_block", "interstitial", {}, "blocked", "'continue shopping'"),
        ("keep_location", True, {}, "location_not_set", "United States"),
        ("robots", "us_whole", {}, "robots_disallowed", "robots.txt"),
    ],
)
def test_each_way_to_fail_has_its_sentence(
    empty: Home, switch: str, value: object, arguments: dict[str, str], reason: str, says: str
) -> None:
    setattr(empty.shop.switches, switch, value)
    empty.settings("POPOVER_TIMEOUT = 3\nRETRY_TIMES = 1\nRETRY_PAUSE = 0.01\n")
    ended = empty.deliver(**arguments)
    assert ended.code == 1
    assert f"Stopped early ({reason}):" in ended.last_line
    assert says in ended.last_line
    assert list((empty.folder / "cookies").glob("*/*.json")) == []


@pytest.mark.parametrize(
    ("path", "says"),
    [("/nowhere", "CHROMIUM_PATH names /nowhere"), ("/bin/false", "did not start")],
)
def test_no_browser_is_named(
    empty: Home, path: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", path)
    ended = empty.deliver()
    assert ended.code == 1
    assert "(no_browser)" in ended.last_line
    assert says in ended.last_line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"domain": "amazon.ae", "postcode": "1"}, "takes no postcode"),
        ({"domain": "amazon.example"}, "takes no postcode"),
        ({"postcode": "45"}, "must match"),
        ({"postcode": "../4500"}, "must match"),
        ({"colour": "red"}, "unknown argument 'colour'"),
    ],
)
def test_arguments_that_ask_for_nothing(empty: Home, arguments: dict[str, str], says: str) -> None:
    ended = empty.deliver(**arguments)
    assert ended.code == 2
    assert says in ended.last_line
    assert empty.shop.requests == []


def test_a_newer_session_is_left_as_it_is(empty: Home) -> None:
    empty.make_session()
    before = len(empty.shop.requests)
    assert empty.deliver(replaces="the one before").code == 0
    assert len(empty.shop.requests) == before, "no browser was started"


def test_a_job_that_an_older_release_has_queued_makes_the_session_anew(empty: Home) -> None:
    empty.make_session()
    path = session_file("amazon.com.au", "4500")
    before, status = path.read_bytes(), path.stat()
    older = f"{status.st_mtime_ns:x}-{status.st_ino:x}"
    assert empty.deliver(replaces=older).code == 0
    assert path.read_bytes() != before


def test_the_session_in_use_stays_until_the_new_one_is_there(empty: Home) -> None:
    empty.make_session()
    before = session_file("amazon.com.au", "4500").read_bytes()
    empty.shop.switches.keep_location = True
    assert empty.deliver().code == 1
    assert session_file("amazon.com.au", "4500").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_is_killed_leaves_nothing(
    empty: Home, number: signal.Signals, temporary: Path
) -> None:
    empty.shop.switches.popover = False
    process = empty.start_delivery()
    until(lambda: any(_working_in(temporary)) and any(temporary.glob("*/*profile*")), bool)
    process.send_signal(number)
    process.wait(30)
    until(lambda: not any(temporary.iterdir()), bool)
    assert _working_in(temporary) == []


def test_the_browser_does_not_get_the_engines_password(
    empty: Home, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    empty.shop.switches.latency = 1.0
    job = empty.start_delivery()
    browsers = until(lambda: [*_browsers_over(empty.folder)], bool)
    assert all(b"CATEGORY_CRAWLER_QUEUE" not in environment for environment in browsers)
    job.kill()
    job.communicate()
    kill_all_over(empty.folder)


def _browsers_over(home: Path) -> Iterator[bytes]:
    """The environments of the browser's processes."""
    for number in numbers_over(home):
        with suppress(OSError):
            if b"--headless" in Path("/proc", str(number), "cmdline").read_bytes():
                yield Path("/proc", str(number), "environ").read_bytes()


def test_a_page_whose_script_never_ends_holds_no_job(empty: Home, temporary: Path) -> None:
    empty.shop.switches.home_loops = True
    empty.settings(f"{QUICK}DELIVERY_TIMEOUT = 8\n")
    ended = empty.deliver(report="a")
    assert ended.code == 1
    assert "(took_too_long): the delivery job did not finish within 8 s" in ended.said
    assert_nothing_is_left(empty, temporary)


def test_a_stopped_browser_holds_no_job(empty: Home, temporary: Path) -> None:
    empty.shop.switches.popover = False
    empty.settings(f"{QUICK}DELIVERY_TIMEOUT = 8\n")
    process = empty.start_delivery(report="a")
    until(lambda: empty.shop.requests, bool)
    until(lambda: _browsers(temporary), bool)
    for number in _browsers(temporary):
        # Some of them live for a moment only.
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGSTOP)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "(took_too_long)" in said
    assert_nothing_is_left(empty, temporary)


def test_a_check_that_waits_for_the_shop_ends_in_time(home: Home) -> None:
    home.shop.switches.home_block = "hang"
    home.settings("DOWNLOAD_DELAY = 0\nAUTOTHROTTLE_ENABLED = false\nDELIVERY_TIMEOUT = 2\n")
    ended = home.deliver(spider="delivery_check", report="a")
    assert ended.code == 1
    assert "(took_too_long)" in ended.said


def assert_nothing_is_left(home: Home, temporary: Path) -> None:
    """The job has written its report, its browser and folder are gone, and there is no session."""
    report = read_report("a")
    assert report is not None
    assert (report.stage, report.failed_reason) == ("failed", "took_too_long")
    assert list((home.folder / "cookies").glob("*/*.json")) == []
    until(lambda: not any(temporary.iterdir()), bool)
    assert _working_in(temporary) == []


def test_cookies_show_nowhere(empty: Home) -> None:
    empty.settings("LOG_LEVEL = 'DEBUG'\nDOWNLOAD_DELAY = 0\nAUTOTHROTTLE_ENABLED = false\n")
    delivered = empty.deliver()
    crawled = empty.crawl()
    assert delivered.code == crawled.code == 0
    values = _values(DeliverySession.load("amazon.com.au", "4500"))
    said = delivered.said + crawled.said
    for path in empty.folder.rglob("*"):
        if path.is_file() and path.parent.parent.name != "cookies":
            said += path.read_bytes().decode(errors="replace")
    assert [value for value in values if value in said] == []


def test_crawls_of_categories_never_load_a_browser() -> None:
    code = (
        "import sys\n"
        "from scrapy.spiderloader import SpiderLoader\n"
        "from scrapy.utils.project import get_project_settings\n"
        "print(SpiderLoader.from_settings(get_project_settings()).list())\n"
        "print([name for name in sys.modules if 'playwright' in name])\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert printed == ["['category', 'delivery', 'delivery_check', 'preview']", "[]"]


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("nothing", 0, "The shop delivers to 4500."),
        ("expired", 1, "(location_lost)"),
        ("captcha", 1, "(blocked)"),
        ("missing", 2, "No cookie file found"),
    ],
)
def test_checking_a_session(home: Home, change: str, code: int, says: str) -> None:
    if change == "expired":
        home.shop.expire_sessions()
    elif change == "captcha":
        home.shop.expire_sessions()
        home.shop.switches.home_block = "captcha"
    elif change == "missing":
        (home.folder / "cookies" / "amazon.com.au" / "4500.json").unlink()
    ended = home.deliver(spider="delivery_check")
    assert ended.code == code
    assert says in ended.last_line


def _cookie(session: DeliverySession, name: str) -> str:
    return str(next(cookie["value"] for cookie in session.cookies if cookie["name"] == name))


def _values(session: DeliverySession) -> list[str]:
    secret = ("session-id", "session-token")
    return [cookie["value"] for cookie in session.cookies if cookie["name"] in secret]


def _browsers(folder: Path) -> list[int]:
    """PIDs of the browser processes with a profile in the folder."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _command(process).startswith(b"/")
        and b"--user-data-dir=%b" % bytes(folder) in _command(process)
    ]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _working_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command and b"browser_profile" not in command:
            found.append(command.decode(errors="replace"))
    return found
