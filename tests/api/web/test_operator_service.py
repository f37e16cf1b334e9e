"""The operator's page about the service, and the logs of its jobs."""

import asyncio
import time

import pytest
from flask import Flask

from api.services import Services
from api.store.records import User
from category_crawler import __version__
from category_crawler.cluster.nodes import NodeReport, Nodes
from category_crawler.files.home import var_folder
from category_crawler.pace.lane import Lane
from category_crawler.pace.lane_files import LaneFiles
from tests.api.conftest import PATIENCE
from tests.api.services import Caller, Daemon
from tests.api.web.reader import Reader
from tests.cluster.valkey import Valkey
from tests.crawls import Home
from tests.waiting import until

PAGE = "/operator/"


def test_a_service_that_is_not_well_says_so(reader: Reader) -> None:
    shown = reader.get(PAGE).text
    assert "Scrapyd does not answer" in shown
    assert "it has not begun: flask --app api watch" in shown
    assert "No shop has been asked yet" in shown


def test_a_poll_without_news_is_answered_so(reader: Reader) -> None:
    def again() -> int:
        """The second of two polls; the disk may have filled up a little between them."""
        known = reader.get(f"{PAGE}state").headers["ETag"]
        return reader.get(f"{PAGE}state", **{"If-None-Match": known}).status_code

    assert until(again, lambda status: status == 304, 20)
    known = reader.get(f"{PAGE}state").headers["ETag"]
    lane = Lane.of("https://www.amazon.com.au/s", None)
    asyncio.run(LaneFiles(var_folder() / "pace").reserve(lane, 0))
    answer = reader.get(f"{PAGE}state", **{"If-None-Match": known})
    assert answer.status_code == 200
    assert "<td>www.amazon.com.au</td>" in answer.text


def test_jobs_paces_and_logs_are_shown(
    reader: Reader, alice: Caller, scrapyd: Daemon, home: Home
) -> None:
    home.shop.switches.block, home.shop.switches.block_from = "hang", 2
    collection = alice.schedule()
    alice.until(collection, "scraping")
    log = "/operator/jobs/category/r1-1/log"
    shown = until(lambda: reader.get(f"{PAGE}state").text, lambda text: log in text)
    assert "Jobs: 1 running, 0 waiting" in shown
    lane = Lane.of("https://www.amazon.com.au/s", "http://me:secret@proxy:3128")
    asyncio.run(LaneFiles(var_folder() / "pace").reserve(lane, 60))
    shown = reader.get(f"{PAGE}state").text
    assert "<td>www.amazon.com.au</td><td>proxy:3128</td>" in shown
    shown = until(lambda: reader.get(log).text, lambda text: "Spider opened" in text)
    assert shown.count("<pre") == 1
    whole = reader.get(f"{log}.txt")
    assert whole.mimetype == "text/plain"
    assert b"Spider opened" in whole.data
    alice.cancel(collection)


def test_a_long_log_shows_its_end(reader: Reader, app: Flask) -> None:
    folder = var_folder() / "logs" / "default" / "category"
    folder.mkdir(parents=True)
    lines = [f"line {number} <script>" for number in range(20_000)]
    (folder / "r7-1.log").write_text("\n".join(lines))
    shown = reader.get("/operator/jobs/category/r7-1/log").text
    assert "line 19999 &lt;script&gt;" in shown
    assert "line 1 " not in shown
    assert "The last lines." in shown
    assert reader.get("/operator/jobs/category/r7-1/log.txt").text == "\n".join(lines)


@pytest.mark.parametrize(
    "path", ["category/r8-1", "..%2f..%2fweb/secret", "category/..", "a/b.c", "%00/r1-1"]
)
def test_a_log_that_is_not_there_is_said(reader: Reader, ann: User, path: str) -> None:
    refused = reader.get(f"/operator/jobs/{path}/log")
    assert refused.status_code == 404
    assert "There is no" in refused.text


def test_the_nodes_of_a_cluster_are_shown(
    reader: Reader, app: Flask, valkey: Valkey, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", valkey.url)
    Services.make(PATIENCE).init_app(app)
    assert "No node has been heard of" in reader.get(PAGE).text
    for name, version in (("attic", __version__), ("cellar", "0.0.9")):
        report = NodeReport(
            *(name, nodes.enroll(), version, 4, "direct", "http://10.0.0.1:6800"),
            clock=time.time() - 60,
        )
        nodes.beat(report, 60)
    nodes.drain("attic")
    shown = reader.get(f"{PAGE}state").text
    assert "its clock is 60.0 s behind" in shown
    assert f"it runs version 0.0.9, the API {__version__}" in shown
    assert "drained" in shown
    assert "4 of 4 slots can run jobs. Jobs: 0 running, 0 waiting" in shown
    valkey.freeze()
    assert "No node has been heard of" in reader.get(f"{PAGE}state").text
