"""examples/monitoring: rules and dashboard ask for what a scrape has, and the rules fire."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from flask import Flask
from prometheus_client import Metric

from api.services import Services
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.files.home import PROJECT
from category_crawler.pace.engine_lanes import EngineLanes
from category_crawler.pace.lane import Lane
from tests.api.conftest import PATIENCE
from tests.api.metrics.scrape import families, with_everything
from tests.api.services import Caller
from tests.cluster.valkey import Valkey
from tests.test_docs import anchors

MONITORING = PROJECT / "examples" / "monitoring"
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""Metrics that Prometheus makes, with their labels."""
GIVEN = {"job", "instance"}
"""Labels that Prometheus gives to every line that it reads."""
Seen = dict[str, set[str]]
"""The labels of each name that a line of a scrape has."""


@pytest.fixture
def scrape(
    app: Flask,
    alice: Caller,
    valkey: Valkey,
    nodes: Nodes,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Metric]:
    """A real scrape of a cluster that has something of everything."""
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    Services.make(PATIENCE).init_app(app)
    asyncio.run(EngineLanes(engine).reserve(Lane("www.amazon.com.au", "direct"), 1.0))
    report = NodeReport("n1", nodes.enroll(), "0.2", 4, "direct", "", clock=time.time())
    nodes.beat(report, 60)
    with_everything(app, alice.user)
    return families(app)


@pytest.fixture
def seen(scrape: dict[str, Metric]) -> Seen:
    found: Seen = {name: set(labels) for name, labels in OF_PROMETHEUS.items()}
    for metric in scrape.values():
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
    return made


def expressions_of_dashboard() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            # Grafana fills these in.
            yield target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")


def selectors(expression: str) -> Iterator[promql.VectorSelector]:
    """What an expression asks for."""
    found: list[promql.VectorSelector] = []

    def take(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(promql.parse(expression), take)
    assert found, expression
    yield from found


def check(expression: str, seen: Seen) -> None:
    """Fail unless every metric of an expression is in a scrape, with the labels asked for."""
    for selector in selectors(expression):
        assert selector.name in seen, f"{selector.name} of {expression}"
        asked = set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)", str(selector.matchers)))
        assert asked <= seen[selector.name] | GIVEN, f"{asked} of {expression}"
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
    names = {name.strip() for group in grouped for name in group.split(",")}
    assert names <= set().union(*seen.values()) | GIVEN, expression


def test_every_rule_asks_for_what_a_scrape_has(seen: Seen) -> None:
    for rule in rules():
        check(rule["expr"], seen)


def test_every_panel_asks_for_what_a_scrape_has(seen: Seen) -> None:
    asked = [*expressions_of_dashboard()]
    assert len(asked) > 30
    for expression in asked:
        check(expression, seen)


def test_a_misspelt_metric_or_label_is_found(seen: Seen) -> None:
    for wrong in ("category_crawler_page_total", 'category_crawler_runs{state="x"}'):
        with pytest.raises(AssertionError):
            check(wrong, seen)


def test_every_alert_says_what_to_do_and_where_more_is_written() -> None:
    named = [rule["alert"] for rule in rules()]
    assert len(named) == len(set(named))
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        path, _, anchor = rule["annotations"]["docs"].partition("#")
        assert anchor in anchors(PROJECT / path), rule["alert"]


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    made = dashboard()
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= made.keys()
    numbers = [panel["id"] for panel in made["panels"]]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in made["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
        assert panel["type"] in ("row", "stat", "timeseries")
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert [target["refId"] for target in panel["targets"]]


@pytest.fixture
def promtool() -> str:
    beside = Path(sys.executable).parent
    found = shutil.which("promtool", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("promtool comes with Debian's package prometheus; the tests above stand in")
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", "alerts_test.yaml", "alerts_day_test.yaml"),
    ],
    ids=" ".join,
)
def test_promtool_has_no_objection(promtool: str, words: tuple[str, ...]) -> None:
    ended = subprocess.run([promtool, *words], cwd=MONITORING, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_rule_has_a_case_that_fires_it_and_one_that_does_not() -> None:
    files = MONITORING.glob("alerts*_test.yaml")
    cases = [case for path in files for case in yaml.safe_load(path.read_text())["tests"]]
    asked = [
        (one["alertname"], bool(one["exp_alerts"]))
        for case in cases
        for one in case["alert_rule_test"]
    ]
    assert sorted(asked) == sorted(
        (rule["alert"], fires) for rule in rules() for fires in (True, False)
    )


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the tables of docs/monitoring.md, by the name in the first."""
    page = (PROJECT / "docs" / "monitoring.md").read_text()
    _, _, section = page.partition(f"\n## {heading}\n")
    section = re.split(r"^## ", section, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [text.strip("| ") for text in section.splitlines() if text.startswith("| `category_")]
    cells = [[cell.strip() for cell in text.split("|")] for text in lines]
    return {row[0].strip("`"): row for row in cells}


def test_the_page_lists_every_metric_with_its_type_and_labels(scrape: dict[str, Metric]) -> None:
    told = rows("What is told")
    found = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name: metric
        for metric in scrape.values()
    }
    assert set(told) == set(found)
    for name, metric in found.items():
        labels = {label for one in metric.samples for label in one.labels} - {"le"}
        shown = set(re.findall(r"`(\w+)`", told[name][2]))
        assert (told[name][1], shown) == (metric.type, labels), name
        assert told[name][3], name
