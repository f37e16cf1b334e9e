"""What Scrapyd takes: the jobs of the API, and nothing that another site asks a browser for."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from api.scrapyd.client import Scrapyd
from api.scrapyd.job_service import ScrapydRefused
from category_crawler.daemon.address import console
from category_crawler.spiders.category import CategorySpider
from category_crawler.spiders.delivery import DeliverySpider
from tests.api.services import Daemon, daemon, free_port
from tests.crawls import URL

JOB = {"category_url": URL, "run": "1/1/1"}


@pytest.fixture(scope="module", autouse=True)
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One Scrapyd for all, which runs no job."""
    folder, port = tmp_path_factory.mktemp("home"), free_port()
    environment = {
        "CATEGORY_CRAWLER_HOME": str(folder),
        "SCRAPYD_PORT": str(port),
        "SCRAPYD_MAX_PROC_PER_CPU": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with daemon(folder, port, os.environ | environment) as scrapyd:
            yield scrapyd


@pytest.fixture(autouse=True)
def empty_queue() -> None:
    """Take what an earlier test has scheduled off the queue."""
    for job in Scrapyd().states():
        Scrapyd().stop(job)


def post(path: str, data: dict[str, Any], **headers: str) -> requests.Response:
    address = console()
    session = requests.Session()
    session.trust_env = False
    return session.post(
        f"{address.url}{path}",
        data={"project": "default", "spider": "category", "jobid": "r1-1"} | data,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        auth=(address.username, address.password),
        timeout=20,
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"setting": "FEEDS={}"}, "the argument 'setting' is not taken"),
        ({"setting": ["LOG_FILE=/tmp/x", "MAX_REQUESTS=1"]}, "the argument 'setting'"),
        ({"resume": "1/1/1"}, "the argument 'resume' is not taken"),
        ({"settings": "x"}, "the argument 'settings' is not taken"),
        ({"_version": "1"}, "the argument '_version' is not taken"),
        ({"run": "../../etc"}, "run must be USER/COLLECTION/RUNNER"),
        ({"run": "local/mine"}, "run must be USER/COLLECTION/RUNNER"),
        ({"continue_from": "/etc"}, "continue_from must be USER/COLLECTION/RUNNER"),
        ({"jobid": "a/b"}, "jobid must be letters"),
        ({"jobid": "../r1-1"}, "jobid must be letters"),
        ({"spider": "delivery"}, "the argument 'category_url' is not taken"),
        ({"spider": "delivery_check", "domain": "amazon.com.au"}, "is not taken for the spider"),
    ],
)
def test_other_settings_and_arguments_are_refused(given: dict[str, Any], says: str) -> None:
    answer = post("/schedule.json", JOB | given).json()
    assert answer["status"] == "error"
    assert says in answer["message"]
    assert Scrapyd().states() == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/schedule.json", "/cancel.json", "/jobs"])
def test_a_request_of_another_site_is_refused(headers: dict[str, str], path: str) -> None:
    answer = post(path, JOB | {"job": "r1-1"}, **headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert Scrapyd().states() == {}


@pytest.mark.parametrize("is_browser", [True, False])
def test_the_consoles_own_pages_and_other_clients_may_ask(*, is_browser: bool) -> None:
    own = {"Origin": console().url, "Sec_Fetch_Site": "same-origin"} if is_browser else {}
    assert post("/schedule.json", JOB, **own).json()["status"] == "ok"
    assert Scrapyd().states() == {"r1-1": "pending"}


def test_what_the_api_sends_is_what_the_spiders_take() -> None:
    Scrapyd().run("r1-1", dict.fromkeys(CategorySpider.known_arguments[:-3], "x") | JOB)
    asked = dict.fromkeys(DeliverySpider.known_arguments, "x")
    del asked["report"]
    Scrapyd().run("z1-1", asked, spider="delivery")
    with pytest.raises(ScrapydRefused, match="credit"):
        Scrapyd().run("r2-1", JOB | {"credits": "9"})
