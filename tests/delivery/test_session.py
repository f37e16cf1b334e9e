"""Delivery sessions: three formats of cookie file, one private file."""

import asyncio
import json
import os
import re
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from category_crawler.delivery import session as session_module
from category_crawler.delivery.__main__ import main
from category_crawler.delivery.session import (
    DeliverySession,
    import_session,
    is_imported,
    is_version,
    lock_session,
    remove_session,
    saved_sessions,
    session_file,
    session_version,
)
from category_crawler.errors import InvalidJob, SessionMissing, SessionUnreadable

PLACE = ("amazon.com.au", "4500")
COOKIES: list[dict[str, Any]] = [
    {"name": "session-id", "value": "1", "domain": ".amazon.com.au", "path": "/"},
    {"name": "ubid-acbau", "value": "2", "domain": "www.amazon.com.au", "expires": 4102444800},
    {"name": "old", "value": "3", "domain": ".amazon.com.au", "expirationDate": 1000000000},
    {"name": "foreign", "value": "4", "domain": ".example.com"},
]
NETSCAPE = (
    "# Netscape HTTP Cookie File\n"
    "#HttpOnly_.amazon.com.au\tTRUE\t/\tTRUE\t4102444800\tsession-id\t1\n"
    ".amazon.com.au\tTRUE\t/\tTRUE\t0\tubid-acbau\t2\n"
    ".amazon.com.au\tTRUE\t/\tTRUE\t1000000000\told\t3\n"
    ".example.com\tTRUE\t/\tTRUE\t0\tforeign\t4\n"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    return tmp_path


def test_a_file_named_by_another_form_of_the_postcode_is_the_same_session(home: Path) -> None:
    folder = home / "cookies" / "amazon.co.jp"
    folder.mkdir(parents=True)
    cookie = COOKIES[0] | {"domain": ".amazon.co.jp"}
    (folder / "100-0001.json").write_text(json.dumps([cookie]))
    (folder / "150-0001.json").write_text(json.dumps([cookie | {"value": "other"}]))
    assert saved_sessions() == [("amazon.co.jp", "1000001"), ("amazon.co.jp", "1500001")]
    assert session_version("amazon.co.jp", "1000001") != ""
    (kept,) = DeliverySession.load("amazon.co.jp", "1000001").cookies
    assert kept["value"] == "1"
    assert {path.name for path in folder.iterdir()} == {"1000001.json", "150-0001.json"}


@pytest.mark.parametrize(
    "text",
    [json.dumps({"cookies": COOKIES, "origins": []}), json.dumps(COOKIES), NETSCAPE],
    ids=["storage state", "exported list", "netscape"],
)
def test_every_form_gives_the_same_cookies(text: str, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    exported.write_text(text)
    path = import_session("amazon.com.au", "4500", exported)
    assert path == session_file("amazon.com.au", "4500")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    cookies = DeliverySession.load("amazon.com.au", "4500").request_cookies
    assert [(c["name"], c["value"], c["domain"]) for c in cookies] == [
        ("session-id", "1", ".amazon.com.au"),
        ("ubid-acbau", "2", ".amazon.com.au"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no cookie"),
        ("[", "begins like JSON"),
        ("{}", "holds no cookie"),
        ("[1, null]", "holds no cookie"),
        (json.dumps(COOKIES[2:]), "holds no cookie of amazon.com.au"),
    ],
)
def test_a_file_without_a_usable_cookie_is_refused(text: str, says: str, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    exported.write_text(text)
    with pytest.raises(SessionUnreadable, match=says):
        import_session("amazon.com.au", "4500", exported)
    assert not session_file("amazon.com.au", "4500").exists()


@pytest.mark.parametrize(
    ("domain", "postcode"),
    [("amazon.com.au", "450"), ("amazon.com.au", "../4500"), ("amazon.ae", "1"), ("x", "4500")],
)
def test_an_unknown_place_is_refused(domain: str, postcode: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidJob):
        import_session(domain, postcode, tmp_path / "exported")


def test_a_missing_session_says_how_to_make_one() -> None:
    with pytest.raises(SessionMissing, match=r"No cookie file found for amazon.com.au 4500: .+"):
        DeliverySession.load("amazon.com.au", "4500")


def test_a_session_does_not_show_its_cookies() -> None:
    session = DeliverySession.read(json.dumps(COOKIES), "amazon.com.au", "4500")
    assert "session-id" not in repr(session)


def test_the_command_line_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = tmp_path / "exported"
    exported.write_text(NETSCAPE)
    assert main(["import", "amazon.com.au", "4500", str(exported)]) == 0
    assert "4500.json" in capsys.readouterr().out
    assert main(["import", "amazon.com.au", "4500", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


BY_SPIDER = {"created_at": "2026-01-01T00:00:00Z", "user_agent": "x", "location": "4500"}
PLACE = "amazon.com.au", "4500"


def test_what_is_brought_in_is_the_operators_even_where_a_spider_made_it(tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    exported.write_text(json.dumps({"cookies": COOKIES, "category_crawler": BY_SPIDER}))
    import_session(*PLACE, exported)
    assert is_imported(*PLACE)
    assert remove_session(*PLACE)
    assert session_file(*PLACE).exists()


@pytest.mark.parametrize(
    "text", ["", "{", NETSCAPE, json.dumps(COOKIES), "\udcff", json.dumps({"category_crawler": []})]
)
def test_a_file_that_no_spider_made_is_the_operators(text: str) -> None:
    session_file(*PLACE).parent.mkdir(parents=True)
    session_file(*PLACE).write_text(text, errors="surrogateescape")
    assert is_imported(*PLACE)
    assert remove_session(*PLACE)
    assert session_file(*PLACE).exists()


def test_a_session_is_removed_only_while_no_job_makes_it() -> None:
    assert remove_session(*PLACE), "nothing is there"
    path = DeliverySession(*PLACE, COOKIES, BY_SPIDER).save()
    assert not is_imported(*PLACE)
    making = asyncio.run(lock_session(*PLACE))
    assert not remove_session(*PLACE)
    assert path.exists()
    asyncio.run(making.release())
    assert remove_session(*PLACE)
    assert not path.exists()


def test_what_a_file_says_of_itself_is_believed_where_it_is_text() -> None:
    about: dict[str, Any] = BY_SPIDER | {"suburb": {"a": 1}, "imported": 1}
    DeliverySession(*PLACE, COOKIES, about).save()
    assert DeliverySession.load(*PLACE).about == BY_SPIDER


def saved(value: str = "1") -> Path:
    return DeliverySession(*PLACE, [COOKIES[0] | {"value": value}]).save()


def test_the_same_cookies_have_the_same_version_on_every_machine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved()
    version = session_version(*PLACE)
    assert version == DeliverySession.load(*PLACE).version
    assert re.fullmatch("[0-9a-f]{32}", version)
    other = tmp_path / "other"
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(other))
    assert session_version(*PLACE) == ""
    session_file(*PLACE).parent.mkdir(parents=True)
    shutil.copyfile(path, session_file(*PLACE))
    os.utime(session_file(*PLACE), (1, 1))
    assert session_version(*PLACE) == version
    assert is_version(*PLACE, version)


def test_another_content_is_another_version() -> None:
    path = saved()
    first = session_version(*PLACE)
    saved("2")
    second = session_version(*PLACE)
    assert second != first
    # In place, of the same size and within the clock's tick.
    before = path.stat()
    path.write_text(path.read_text().replace('"2"', '"3"'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert session_version(*PLACE) not in (first, second)
    assert not is_version(*PLACE, second)
    path.unlink()
    assert session_version(*PLACE) == ""
    assert not is_version(*PLACE, "")


def test_a_file_that_has_not_changed_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved()
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    digests: list[bytes] = []
    digest = session_module._digest
    monkeypatch.setattr(
        session_module, "_digest", lambda content: digests.append(content) or digest(content)
    )
    versions = {session_version(*PLACE) for _ in range(5)}
    assert (len(versions), len(digests)) == (1, 1)
    saved("2")
    assert session_version(*PLACE) not in versions


def test_a_version_of_an_older_release_is_still_known() -> None:
    path = saved()
    status = path.stat()
    older = f"{status.st_mtime_ns:x}-{status.st_ino:x}"
    assert is_version(*PLACE, older)
    saved("2")
    assert not is_version(*PLACE, older)


def test_a_file_that_cannot_be_read_has_a_version_of_its_own() -> None:
    path = session_file(*PLACE)
    path.mkdir(parents=True)
    unreadable = session_version(*PLACE)
    with pytest.raises(SessionUnreadable, match="cannot be read"):
        DeliverySession.load(*PLACE)
    path.rmdir()
    saved()
    assert session_version(*PLACE) not in ("", unreadable)
