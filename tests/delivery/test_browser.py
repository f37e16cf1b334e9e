"""Finding the browser: the one in CHROMIUM_PATH, Playwright's own, then those on the PATH."""

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from category_crawler.delivery.browser import browser_arguments, find_browser
from category_crawler.errors import BrowserMissing
from category_crawler.files.home import PROJECT


def program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser can be found."""
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "own"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_what_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(BrowserMissing, match="make browser") as raised:
        find_browser()
    assert str(tmp_path / "own") in str(raised.value)
    assert "google-chrome" in str(raised.value)


def test_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chrome = program(tmp_path / "bin" / "google-chrome")
    assert find_browser() == chrome
    chromium = program(tmp_path / "bin" / "chromium")
    assert find_browser() == chromium
    program(tmp_path / "own" / "chromium-999" / "chrome-linux" / "chrome")
    newest = program(tmp_path / "own" / "chromium-1255" / "chrome-linux64" / "chrome")
    assert find_browser() == newest
    named = program(tmp_path / "mine")
    monkeypatch.setenv("CHROMIUM_PATH", str(named))
    assert find_browser() == named


def test_a_named_one_that_is_none_is_no_reason_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "chromium")
    monkeypatch.setenv("CHROMIUM_PATH", str(tmp_path / "absent"))
    with pytest.raises(BrowserMissing, match="absent, which is not a program"):
        find_browser()


def test_arguments_are_split_as_in_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_ARGS", "--lang=en --proxy-server='a b'")
    assert browser_arguments() == ["--lang=en", "--proxy-server=a b"]


def make_browser(
    tmp_path: Path, *there: str, driver: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """``make browser`` without root, if Playwright's own browser cannot be downloaded.

    ``there`` are the system's package managers; one that runs leaves a file. ``driver`` is what
    Playwright's driver fails with.
    """
    tools = tmp_path / "bin"
    program(tools / "id", "echo 1000")
    for tool in ("cat", "grep", "mktemp", "rm", "tail"):
        (tools / tool).symlink_to(str(shutil.which(tool, path=os.defpath)))
    for manager in there:
        program(tools / manager, f"touch {tmp_path / 'was-run'}")
    fails = f'[ "$2" != playwright ] || {{ echo "{driver}" >&2; exit 127; }}' if driver else ":"
    python = program(
        tmp_path / "environment" / "bin" / "python", fails, f'exec {sys.executable} "$@"'
    )
    ended = subprocess.run(
        ["/bin/sh", "category_crawler/delivery/install_browser.sh", str(python)],
        cwd=PROJECT,
        env=os.environ | {"PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9"} | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert not (tmp_path / "was-run").exists()
    return ended


def playwrights_revision() -> str:
    text = resources.files("playwright").joinpath("driver/package/browsers.json").read_text()
    known = {browser["name"]: browser["revision"] for browser in json.loads(text)["browsers"]}
    return str(known["chromium"])


@pytest.mark.parametrize(
    ("there", "command"),
    [
        (("apt-get",), "apt-get install chromium libatomic1"),
        (("dnf",), "dnf install chromium"),
        ((), '/environment/bin/python" -m playwright install --with-deps chromium'),
    ],
)
def test_who_is_no_administrator_is_told_what_one_would_run(
    tmp_path: Path, there: tuple[str, ...], command: str
) -> None:
    ended = make_browser(tmp_path, *there)
    assert ended.returncode == 1
    assert "At first: no browser was found: neither Playwright's own in" in ended.stderr
    assert "-m playwright install chromium: Error: connect ECONNREFUSED" in ended.stderr
    assert "Traceback" not in ended.stderr
    asked, line, _ = ended.stderr.splitlines()[-3:]
    assert asked == "Ask an administrator (root) to run:"
    assert line.endswith(command)


def test_a_browser_that_lacks_its_libraries_is_named_with_its_words(tmp_path: Path) -> None:
    folder = tmp_path / "own" / f"chromium-{playwrights_revision()}"
    own = program(
        folder / "chrome-linux64" / "chrome",
        "echo libnss3.so: cannot open shared object file >&2; exit 127",
    )
    # Playwright's own marker of a finished download.
    (folder / "INSTALLATION_COMPLETE").touch()
    ended = make_browser(tmp_path, "apt-get")
    assert ended.returncode == 1
    assert f"Now: {own} does not start: libnss3.so: cannot open shared object" in ended.stderr
    assert ended.stderr.splitlines()[-2].endswith("-m playwright install-deps chromium")


@pytest.mark.parametrize("lines", [None, ("echo no display >&2", "exit 1")])
def test_a_named_browser_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, lines: tuple[str, ...] | None
) -> None:
    named = tmp_path / "mine"
    if lines:
        program(named, *lines)
    ended = make_browser(tmp_path, "apt-get", CHROMIUM_PATH=str(named))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("CHROMIUM_PATH names a browser that cannot be used: ")
    assert ("no display" in ended.stderr) is bool(lines)
    assert len(ended.stderr.splitlines()) == 1


def test_one_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium", "echo Chromium 150")
    ended = make_browser(tmp_path, "apt-get")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_driver_that_lacks_its_library_is_named_with_its_words(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium", "echo Chromium 150")
    ended = make_browser(tmp_path, "apt-get", driver="libatomic.so.1: cannot open shared object")
    assert ended.returncode == 1
    assert "Now: Playwright's driver does not start: libatomic.so.1: cannot" in ended.stderr
    assert ended.stderr.splitlines()[-2].endswith("apt-get install chromium libatomic1")
