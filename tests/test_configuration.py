"""docs/configuration.md names every setting, with the default that it has."""

import ast
import inspect
import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import default_settings

from api.config import Settings
from category_crawler.files.home import PROJECT
from category_crawler.job import FundedJob
from category_crawler.process_watch import PARENT
from category_crawler.spiders.category import CategorySpider
from category_crawler.spiders.delivery import DeliverySpider
from category_crawler.spiders.delivery_check import DeliveryCheckSpider

PAGE = (PROJECT / "docs" / "configuration.md").read_text()
PROGRAMS = ("category_crawler", "api", "scripts", "examples")
READERS = ("os.environ.get", "os.environ.pop", "os.getenv", "port_named")
"""What reads a variable whose name is its first argument, with a default as the second."""
SYSTEM = {"PATH"}
"""Variables that every program may read."""


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the tables under a heading, by each name in the first cell."""
    _, _, section = PAGE.partition(f"\n{heading}\n")
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip("| ") for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {name: row for row in cells for name in re.findall(r"`([^`]+)`", row[0])}


def value(cell: str) -> Any:
    """What a cell holds, written as in settings.toml."""
    return tomllib.loads(f"it = {cell.strip('`')}")["it"]


def is_shown(cell: str, default: Any) -> bool:
    shown = value(cell)
    return shown == default and isinstance(shown, bool) == isinstance(default, bool)


def test_the_table_of_the_api_is_its_settings() -> None:
    shown = rows("## The table `[api]`")
    known = {name: getattr(Settings(), name) for name in Settings.model_fields}
    assert list(shown) == list(known)
    assert [name for name in known if not is_shown(shown[name][1], known[name])] == []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The project's Scrapy settings where neither environment nor settings.toml says anything."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    for name in ("CATEGORY_CRAWLER_CONTACT", "CATEGORY_CRAWLER_CANCEL_GRACE"):
        monkeypatch.delenv(name, raising=False)
    found = runpy.run_path(str(PROJECT / "category_crawler" / "settings.py"))
    return {name: given for name, given in found.items() if name.isupper()}


def test_every_scrapy_setting_of_the_project_is_there(project: dict[str, Any]) -> None:
    own = rows("## Scrapy settings of the project")
    changed = rows("### Scrapy's own settings that differ")
    new = {name for name in project if not hasattr(default_settings, name)}
    assert new - set(own) - set(changed) == set()
    plain = {name for name, given in project.items() if isinstance(given, bool | int | float)}
    assert plain - set(own) - set(changed) == set()
    shown = {name: row[1] for name, row in (own | changed).items()}
    assert [name for name in shown if not is_shown(shown[name], project[name])] == []


def test_what_differs_from_scrapy_is_told_as_it_is() -> None:
    for name, row in rows("### Scrapy's own settings that differ").items():
        assert value(row[2]) == getattr(default_settings, name, []), name


def test_every_environment_variable_is_there() -> None:
    shown = rows("## Environment variables")
    read = dict(variables_read())
    assert len(read) > 10
    assert set(read) - SYSTEM - set(shown) == set()
    told = {name: default for name, default in read.items() if default and name in shown}
    assert {name: value(shown[name][1]) for name in told} == told


def variables_read() -> Iterator[tuple[str, str | None]]:
    """Environment variables that our programs read, each with its default where that is plain."""
    for program in PROGRAMS:
        for path in (PROJECT / program).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (name := name_read(node)) is not None:
                    yield name, default_of(node)


def name_read(node: ast.AST) -> str | None:
    """The variable that an expression reads; None where its name is made on the spot."""
    asked: ast.expr | None = None
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in READERS:
        asked = node.args[0]
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        asked = node.slice if ast.unparse(node.value) == "os.environ" else None
    if isinstance(asked, ast.Name):
        return PARENT if asked.id == "PARENT" else None
    return str(asked.value) if isinstance(asked, ast.Constant) else None


def default_of(node: ast.AST) -> str | None:
    default = node.args[1] if isinstance(node, ast.Call) and len(node.args) > 1 else None
    return str(default.value) if isinstance(default, ast.Constant) else None


def test_every_argument_of_a_crawl_is_there() -> None:
    shown = set(rows("## Arguments of a crawl"))
    taken = set(FundedJob.model_fields)
    for spider in (CategorySpider, DeliverySpider, DeliveryCheckSpider):
        taken |= {
            name
            for name, parameter in inspect.signature(spider.__init__).parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD
        }
    assert taken - {"self", "_job"} == shown
