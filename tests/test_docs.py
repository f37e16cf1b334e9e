"""README and docs/ agree with the project: links, files, calls, reasons, commands."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from standardwebhooks import Webhook

from api import create_app
from api.rest.schemas import Health
from api.runners.report import BASE_PATH
from api.runners.request import AddSchedule
from category_crawler.errors import CrawlError, DeliveryFailed
from category_crawler.files.home import PROJECT
from category_crawler.items import Product
from category_crawler.run.records import Coverage

PAGES = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"), *(PROJECT / ".github").rglob("*.md")]
)
LONGEST_README = 110
FOLDERS = ("api", "benchmarks", "category_crawler", "docs", "examples", "scripts", "tests")
OF_FLASK = {"routes", "run", "shell"}
"""Commands that come with Flask."""

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


def text_of(name: str) -> str:
    return (PROJECT / name).read_text()


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) < LONGEST_README


@page
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        led_to = path if not name else path.parent / name
        assert led_to.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(led_to), f"{path.name} links to {target}"


def anchors(path: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@page
def test_every_file_of_ours_that_is_named_is_there(path: Path) -> None:
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", path.read_text())
    assert [name for name in named if not (PROJECT / name).exists()] == []


@page
def test_diagrams_hold_nothing_that_ends_a_line_early(path: Path) -> None:
    for diagram in re.findall(r"^```mermaid\n(.*?)^```", path.read_text(), re.DOTALL | re.M):
        assert diagram.startswith(("flowchart ", "sequenceDiagram\n"))
        assert ";" not in diagram
        assert re.findall(r": .*\bend\b", diagram) == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    return tmp_path


def test_every_call_is_shown(home: Path) -> None:
    told = text_of("docs/api.md")
    paths = create_app().test_client().get("/openapi.json").get_json()["paths"]
    assert len(paths) > 10
    calls = {path.removeprefix(BASE_PATH).strip("/") for path in paths}
    assert {call for call in calls if call.partition("{form}")[0] not in told} == set()


def test_the_check_of_a_webhook_believes_only_what_is_signed() -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", text_of("docs/api.md"), re.DOTALL | re.M)
    shown: dict[str, Any] = {}
    exec(program, shown)
    secret, now = "whsec_c2VjcmV0", datetime.now(UTC)
    signature = Webhook(secret).sign("1", now, "{}")
    headers = {"Webhook-Id": "1", "Webhook-Timestamp": str(int(now.timestamp()))}
    headers["Webhook-Signature"] = signature
    assert shown["is_genuine"](secret, headers, b"{}")
    assert not shown["is_genuine"](secret, headers, b"{} ")
    assert not shown["is_genuine"](secret, headers | {"Webhook-Timestamp": "1"}, b"{}")
    assert not shown["is_genuine"](secret, headers | {"Webhook-Signature": "²"}, b"{}")


def test_every_field_is_explained() -> None:
    told = text_of("docs/api.md")
    names = {*AddSchedule.model_fields, *(field.name for field in fields(Coverage))}
    assert {name for name in names if f"`{name}`" not in told} == set()
    assert {field.name for field in fields(Product) if f'"{field.name}":' not in told} == set()


def test_every_reason_is_explained() -> None:
    _, _, told = text_of("docs/api.md").partition("### Why a run failed")
    reasons = {error.reason for error in kinds(CrawlError) if not issubclass(error, DeliveryFailed)}
    assert {reason for reason in reasons if f"`{reason}`" not in told} == set()


def kinds(error: type[CrawlError]) -> Iterator[type[CrawlError]]:
    for kind in error.__subclasses__():
        if kind.reason != CrawlError.reason:
            yield kind
        yield from kinds(kind)


def test_every_part_of_the_health_is_explained() -> None:
    told = text_of("docs/operations.md")
    parts = Health.model_fields.keys() - {"cluster"}
    assert [name for name in parts if f"| `{name}` |" not in told] == []


def test_every_command_is_explained(home: Path) -> None:
    told = text_of("docs/operations.md")
    commands = create_app().cli.commands.items()
    names = [word for name, one in commands if name not in OF_FLASK for word in words(name, one)]
    assert len(names) > 10
    assert [name for name in names if f"flask --app api {name}" not in told] == []


def words(name: str, command: click.Command) -> list[str]:
    """What is typed for a command, or for each of a group."""
    if isinstance(command, click.Group):
        return [f"{name} {each}" for each in command.commands]
    return [name]
