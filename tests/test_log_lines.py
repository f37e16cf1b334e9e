"""Lines of the log as JSON: from the programs as they run, each with the ids that belong to it."""

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from api.accounts.secret import hash_of, new_secret
from api.store import Store
from category_crawler.daemon.log import record_of
from category_crawler.errors import InvalidSetting
from category_crawler.json_lines import JsonLines
from category_crawler.log_lines import (
    LineIds,
    add_ids,
    begin_lines_of,
    handlers_of,
    ids_of_job,
    is_json,
    lines_of,
    set_process_ids,
)
from tests.api.services import BODY, CATEGORY, daemon, free_port
from tests.crawls import Home
from tests.forks import start_service
from tests.waiting import until


def line(record: logging.LogRecord) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(JsonLines().format(record))
    return values


def record(message: str = "x", **values: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "a.b"} | values)


@pytest.fixture(autouse=True)
def no_ids() -> Iterator[None]:
    yield
    begin_lines_of({})
    set_process_ids({})


def test_a_line_is_one_line_whatever_it_says() -> None:
    try:
        raise ValueError('two\nlines "quoted" \u2028 ключ')
    except ValueError as error:
        given = record("a\nb", exc_info=(type(error), error, error.__traceback__))
    text = JsonLines().format(given)
    assert len(text.splitlines()) == 1
    shown = json.loads(text)
    assert shown["message"] == "a\nb"
    assert "ключ" in shown["traceback"]
    assert shown["time"].endswith("+00:00")
    assert {"level", "logger"} <= shown.keys()


def test_what_libraries_add_to_a_record_is_left_out() -> None:
    assert set(line(record(spider=object(), headers={"Cookie": "secret"}))) == {
        *("time", "level", "logger", "message")
    }


def test_ids_belong_to_their_context() -> None:
    begin_lines_of({"request_id": "r-1"})
    with lines_of(ids_of_job("r412-2")):
        inner = line(record())
        add_ids({"spider": "x"})
    assert {name: inner[name] for name in ("request_id", "run", "job")} == {
        "request_id": "r-1",
        "run": "412",
        "job": "r412-2",
    }
    assert line(record()).keys() & {"run", "job", "spider"} == set()
    assert line(record())["request_id"] == "r-1"
    set_process_ids(ids_of_job("z7-1"))
    assert line(record())["job"] == "z7-1"
    assert "run" not in line(record())


def test_lines_of_text_show_the_request() -> None:
    begin_lines_of({"request_id": "mine-0001"})
    given = record()
    assert LineIds().filter(given)
    assert given.__dict__["request_id"] == "mine-0001"


def test_an_event_of_scrapyds_keeps_its_job_and_its_failure() -> None:
    event = {"log_format": "{a} {job}", "a": 1, "job": "r3-1", "log_level": LogLevel.warn}
    told = record_of(event | {"log_time": 0.0, "log_failure": Failure(ValueError("why"))})
    shown = line(told)
    assert (shown["message"], shown["job"], shown["run"]) == ("1 r3-1", "r3-1", "3")
    assert shown["level"] == "WARNING"
    assert "ValueError: why" in shown["traceback"]
    assert shown["time"].startswith("1970-01-01T00:00:00")


def test_a_wrong_format_and_folder_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(InvalidSetting, match="LOG_FORMAT is 'xml': it must be lines or json"):
        is_json()
    monkeypatch.setenv("LOG_FORMAT", "json")
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOG_FOLDER", str(tmp_path / "file"))
    with pytest.raises(InvalidSetting, match=r"LOG_FOLDER is .* no log can be written"):
        handlers_of("api")


def test_files_are_rotated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("category_crawler.log_lines._FILE_BYTES", 2_000)
    monkeypatch.setenv("LOG_FOLDER", str(tmp_path))
    handler = handlers_of("api")[1]
    for number in range(200):
        handler.handle(record(f"line {number:03} {'x' * 100}"))
    handler.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["api.log", *(f"api.log.{number}" for number in range(1, 6))]
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 2_000
    assert "line 199" in (tmp_path / "api.log").read_text()


@contextmanager
def running(program: str, home: Home, environment: dict[str, str]) -> Iterator[Path]:
    """A command of the API's that runs; the file that its output goes to."""
    log = home.folder / f"{program}.out"
    process = start_service("flask", "--app", "api", program, environment=environment, log=log)
    try:
        yield log
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def lines_in(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; each must be JSON."""
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_every_program_writes_json_with_the_ids(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = {"SCRAPYD_PORT": str(free_port()), "API_PORT": str(free_port())}
    given = {"CATEGORY_CRAWLER_HOME": str(home.folder), "LOG_FORMAT": "json"} | ports
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    environment = home.environment | given
    store, key = Store(home.folder / "var" / "api.db"), new_secret()
    store.users.add("alice@example.org", "alice", hash_of(key))
    port = int(ports["SCRAPYD_PORT"])
    address = f"http://127.0.0.1:{ports['API_PORT']}{CATEGORY}"
    with (
        daemon(home.folder, port, environment),
        running("watch", home, environment) as watcher,
        running("serve", home, environment) as api,
    ):
        until(lambda: api.exists() and "API at" in api.read_text(), bool, 60)
        headers = {"x-api-key": key, "X-Request-Id": "mine-0001"}
        asked = {"headers": headers, "timeout": 30}
        added = requests.post(f"{address}/add_schedule/", json=BODY, **asked)
        number = {"collection_id": added.json()["data"]["id"]}
        result = lambda: requests.post(f"{address}/result/", json=number, **asked).json()  # noqa: E731
        until(lambda: result()["data"][0]["stage"], lambda stage: stage == "done", 120)
        # A watcher with nothing to say says nothing; here the database is in its way.
        store.db.conn.execute("ALTER TABLE removals RENAME TO elsewhere")
        until(
            lambda: watcher.exists() and "could not be refreshed" in watcher.read_text(), bool, 60
        )
        store.db.conn.execute("ALTER TABLE elsewhere RENAME TO removals")
        time.sleep(0.2)
    store.close()
    job = {"run": "1", "job": "r1-1"}
    of_requests = [one for one in lines_in(api) if one.get("request_id") == "mine-0001"]
    assert any("add_schedule/ 200" in one["message"] for one in of_requests)
    assert any(one.items() >= job.items() for one in of_requests if "result/" in one["message"])
    (trouble,) = [one for one in lines_in(watcher) if "could not be" in one["message"]]
    assert "no such table: removals" in trouble["traceback"]
    of_scrapyd = lines_in(home.folder / "scrapyd.log")
    begun = [one for one in of_scrapyd if one["message"].startswith("Process started:")]
    assert [one for one in begun if one.items() >= job.items()]
    spiders = lines_in(home.folder / "var" / "logs" / "default" / "category" / "r1-1.log")
    assert len(spiders) > 10
    assert [
        one for one in spiders if not one.items() >= (job | {"spider": "category"}).items()
    ] == []
    assert any(one["message"].startswith("Page 1 of") for one in spiders)
    written = "".join(path.read_text() for path in home.folder.rglob("*.log"))
    assert key not in written + api.read_text() + watcher.read_text()
