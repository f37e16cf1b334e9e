"""The program ``category-crawler`` as it is called in a wheel, and what messages call it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo

from api import create_app
from api.commands.cli import OPERATORS
from api.program import program
from category_crawler import __version__, checkout
from category_crawler.files.home import home
from category_crawler.typed_command import typed

COMMANDS = (
    *("serve", "browser", "crawl", "pages", "sessions", "watch", "prune", "users link"),
    *("users credits", "cluster list", "cluster drain"),
)
"""What messages name."""


def run(*words: str) -> Result:
    return CliRunner().invoke(program, words, obj=ScriptInfo(create_app=create_app))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's folder for data, where the program was installed from a wheel."""
    monkeypatch.delenv("CATEGORY_CRAWLER_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for module in ("category_crawler.files.home", "category_crawler.typed_command"):
        monkeypatch.setattr(f"{module}.is_checkout", lambda: False)
    return tmp_path


def test_the_home_of_a_wheel_is_the_users(installed: Path) -> None:
    assert home() == installed / "category-crawler"


def test_the_home_of_a_checkout_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CATEGORY_CRAWLER_HOME", raising=False)
    assert checkout.is_checkout()
    assert home() == checkout.PROJECT


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_what_messages_name_is_a_command(command: str) -> None:
    words = typed(command).split()
    assert words[0] == "category-crawler"
    found = program
    for word in words[1:]:
        found = found.commands[word]  # type: ignore[assignment]


def test_in_a_checkout_they_name_what_is_there() -> None:
    assert typed("serve") == "make serve"
    assert typed("users link E-MAIL") == "flask --app api users link E-MAIL"
    assert typed("cluster drain n1") == "flask --app api nodes drain n1"
    assert typed("pages") == "python -m category_crawler.pages"


def test_version() -> None:
    assert run("--version").output == f"category-crawler, version {__version__}\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("srve",), "Did you mean 'serve'?"),
        (("serve", "nod"), "'nod' is not one of 'node', 'api'"),
        (("users", "creat"), "'create'"),
        (("crawl", "--postcod", "4500"), "--postcode"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_right_one_and_makes_no_home(
    words: tuple[str, ...], hint: str, installed: Path
) -> None:
    ended = run(*words)
    assert ended.exit_code == 2
    assert hint in ended.output
    assert list(installed.iterdir()) == []


def test_the_operators_commands_work_over_the_users_home(installed: Path) -> None:
    created = run("users", "create", "ann@example.org")
    assert created.exit_code == 0, created.output
    assert "ann@example.org" in run("users", "list").output
    assert (installed / "category-crawler" / "var" / "api.db").exists()


def test_a_crawl_is_scrapys(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr("api.program.run_scrapy", asked.append)
    url = "https://www.amazon.com.au/s?rh=n%3A1"
    run("crawl", url, "--postcode", "4500", "-o", "a.csv", "-a", "whole=false", "-s", "X=1")
    assert asked == [
        [
            *("crawl", "category", "-a", f"category_url={url}", "-a", "postcode=4500"),
            *("-a", "whole=false", "-s", "X=1", "-o", "a.csv"),
        ]
    ]


def test_a_service_that_does_not_run_is_not_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    monkeypatch.setenv("API_PORT", "1")
    monkeypatch.setenv("SCRAPYD_PORT", "2")
    ended = run("health")
    said = "http://127.0.0.1:1/healthz does not answer as it should\n"
    assert (ended.exit_code, ended.output) == (1, said)
    ended = run("health", "node")
    assert (ended.exit_code, "http://127.0.0.1:2/slots.json" in ended.output) == (1, True)


def test_every_command_is_explained() -> None:
    told = (checkout.PROJECT / "docs" / "install.md").read_text()
    of_its_own = program.commands.keys() - {command.name for command in OPERATORS}
    assert {name for name in of_its_own if f"`{name}" not in told} == set()
