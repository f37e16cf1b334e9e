"""A program that is forked does what it does when a shell starts it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT
from tests.crawls import QUICK, Home
from tests.forks import start, start_service
from tests.waiting import until


def from_shell(home: Home, *words: str, typed: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors of a program as a shell starts it."""
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=PROJECT,
        env=home.environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def forked(home: Home, *words: str, typed: str = "") -> tuple[int, str, str]:
    """The same of a fork."""
    program = start(*words, environment=home.environment, typed=typed)
    output, errors = program.communicate()
    return program.wait(), output, errors


@pytest.mark.parametrize(
    "words",
    [
        ("flask", "--app", "api", "users", "create", "ann@example.org", "--password"),
        ("flask", "--app", "api", "users", "disable", "nobody@example.org"),
        ("flask", "--app", "api", "nothing"),
        ("scrapy", "settings", "--get", "HTTPCACHE_DIR"),
        ("scrapy", "crawl", "category", "-a", "category_url=nothing"),
    ],
)
def test_codes_and_words_are_the_same(home: Home, words: tuple[str, ...]) -> None:
    typed = "a password of ann's"
    assert forked(home, *words, typed=typed) == from_shell(home, *words, typed=typed)


def told(log: str, run: str) -> set[str]:
    """The log's entries, without their times and other numbers."""
    entries = re.findall(r"^\d{4}-.*", log.replace(run, "run"), re.MULTILINE)
    return {re.sub(r"\d+", "", entry) for entry in entries}


def test_a_crawl_is_the_same(home: Home) -> None:
    home.settings(f"{QUICK}KNOWN_PLANS = false\n")
    code, _, log = from_shell(home, *home.command(run="local/shell"))
    ended = home.crawl(run="local/fork")
    folder = home.folder / "results" / "local" / "shell"
    assert (ended.code, len(ended.result)) == (code, 60) == (0, 60)
    assert {path.name for path in folder.iterdir()} == {p.name for p in ended.folder.iterdir()}
    assert told(ended.said, "local/fork") == told(log, "local/shell")


def test_each_has_its_own_environment_and_settings(home: Home) -> None:
    command = ("scrapy", "settings", "--get", "DOWNLOAD_TIMEOUT")
    assert forked(home, *command) == (0, "5\n", "")
    home.settings("DOWNLOAD_TIMEOUT = 7\n")
    assert forked(home, *command) == (0, "7\n", "")
    program = start(*command, environment=os.environ | {"CATEGORY_CRAWLER_HOME": "/dev/null"})
    assert program.communicate()[0] == "40\n"


def test_a_signal_is_its_exit_code(home: Home) -> None:
    home.shop.switches.block = "hang"
    process = home.start()
    until(lambda: home.shop.requests, bool)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    process.terminate()
    assert process.poll() == -signal.SIGKILL


def test_a_service_leads_its_group_and_appends_to_its_log(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    program = start_service("scrapy", "list", environment=home.environment, log=log)
    assert os.getpgid(program.pid) == program.pid != os.getpgid(0)
    assert program.wait(60) == 0
    assert log.read_text() == "before\ncategory\ndelivery\ndelivery_check\npreview\n"
