"""Finding the browser: the one named, Playwright's own, then those on the PATH."""

from pathlib import Path

import pytest

from category_crawler.browser import browser_arguments, find_browser
from category_crawler.errors import BrowserMissing


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser anywhere."""
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
    with pytest.raises(BrowserMissing, match="absent, which is no program"):
        find_browser()


def test_arguments_are_split_as_in_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_ARGS", "--lang=en --proxy-server='a b'")
    assert browser_arguments() == ["--lang=en", "--proxy-server=a b"]
