"""Guards: rate limit, headers, request ids, log lines without secrets."""

import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api import create_app
from api.config import Settings
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.files.home import PROJECT
from category_crawler.log_lines import LineIds
from tests.api.services import CATEGORY, Caller, new_user
from tests.crawls import Home

LIST = f"{CATEGORY}/list/"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def slow(app: Flask) -> Flask:
    """The same installation with a low limit."""
    return create_app(Settings(rate_limit="3/minute"))


def listed(app: Flask, key: str, **where: str) -> TestResponse:
    headers = {"x-api-key": key} if key else {}
    return app.test_client().post(LIST, headers=headers, environ_base=ELSEWHERE | where)


def test_each_credential_has_its_rate(slow: Flask) -> None:
    ann, bob = (new_user(slow, f"{name}@example.org") for name in ("ann", "bob"))
    assert [listed(slow, ann.key).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = listed(slow, ann.key)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.get_json()["code"] == 429
    assert "3/minute" in answer.get_json()["data"]
    assert listed(slow, bob.key).status_code == 200
    assert listed(slow, ann.key, REMOTE_ADDR="192.0.2.8").status_code == 429


@pytest.mark.parametrize("path", [LIST, "/api/v1/settings/domains"])
def test_without_a_credential_the_address_counts(slow: Flask, path: str) -> None:
    def call(address: str, key: str = "") -> int:
        headers = {"x-api-key": key}
        where = {"REMOTE_ADDR": address}
        return slow.test_client().post(path, headers=headers, environ_base=where).status_code

    codes = [call("192.0.2.7", f"wrong {number}") for number in range(4)]
    assert codes[3] == 429
    assert 429 not in codes[:3]
    assert call("192.0.2.8") != 429


def test_this_machine_is_not_limited_unless_asked_for(slow: Flask) -> None:
    ann = new_user(slow, "ann@example.org")
    for address in ("127.0.0.1", "::1"):
        codes = {listed(slow, ann.key, REMOTE_ADDR=address).status_code for _ in range(8)}
        assert codes == {200}
    strict = create_app(Settings(rate_limit="3/minute", rate_limit_loopback=True))
    codes = [listed(strict, ann.key, REMOTE_ADDR="127.0.0.1").status_code for _ in range(4)]
    assert codes[3] == 429


def test_no_limit_where_it_is_empty(app: Flask) -> None:
    free = create_app(Settings(rate_limit=""))
    ann = new_user(free, "ann@example.org")
    assert {listed(free, ann.key).status_code for _ in range(10)} == {200}


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/healthz", "/nothing", LIST])
def test_headers_for_browsers(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers={"Origin": "https://evil.example"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names)), "each header is there once"
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    options = app.test_client().options(path, headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in options.headers if name.startswith("Access-Control")]


def test_a_request_has_an_id_in_answer_and_log(
    app: Flask, alice: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = alice.post(f"{LIST}?x-api-key={alice.key}&token=hush")
    number = answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{16}", number)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "api.rest.guards"]
    assert re.fullmatch(f"POST {LIST} 200 [0-9]+ ms user {alice.user}", line)
    assert alice.key not in caplog.text
    assert "hush" not in caplog.text
    with app.test_request_context(headers={"X-Request-Id": "mine-0001"}):
        app.preprocess_request()
        record = logging.makeLogRecord({})
        assert LineIds().filter(record)
        assert record.__dict__["request_id"] == "mine-0001"


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f g", "12345678\t"])
def test_an_id_that_would_garble_the_log_is_replaced(app: Flask, given: str) -> None:
    answer = app.test_client().get("/nothing", headers={"X-Request-Id": given})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])


def test_a_path_begins_no_line_of_the_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app.test_client().get("/x%0aINFO all is well%1b[2J")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "api.rest.guards"]
    assert "\n" not in line
    assert "\x1b" not in line


def test_no_answer_names_a_path(
    app: Flask, alice: Caller, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.extensions["services"].store
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest({}), [])
    said = f"OSError at the start: [Errno 28] No space: '{home.folder}/results/1' and '{PROJECT}/x'"
    store.runners.end(
        runner.id, Outcome(Stage.FAILED, failed_reason="crashed", failed_message=said)
    )
    answer = alice.post(LIST)
    assert "No space: '…/results/1' and '…/x'" in answer.get_data(as_text=True)
    assert str(home.folder) not in answer.text


def test_what_a_database_holds_is_the_owners(app: Flask, home: Home) -> None:
    assert Path(home.folder / "var" / "api.db").stat().st_mode & 0o077 == 0
