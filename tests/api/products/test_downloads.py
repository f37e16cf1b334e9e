"""Downloads: CSV tables made once and shared; no download holds a thread, memory or the disk."""

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.products import downloads
from api.products.downloads import Downloads, NotReady, Wanted
from api.products.rows import Rows
from api.runners.attempts import folder_of
from api.runners.prune import pruned
from category_crawler.files.home import PROJECT
from category_crawler.run.reader import RunFolder
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from category_crawler.tables.maker import TableKind
from tests.api.routes.test_results import Kept
from tests.api.served import served
from tests.api.services import Caller, new_user
from tests.crawls import Home
from tests.records import product
from tests.trouble import room_for
from tests.waiting import until

LARGE = 5000
"""Products whose rows are more than a small table's."""


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Large tables are begun, and finished only once this is set."""
    go_on = threading.Event()
    really = downloads._filter

    def wait(*given: Any) -> None:
        assert go_on.wait(40)
        really(*given)

    monkeypatch.setattr(downloads, "_filter", wait)
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0.5)
    yield go_on
    go_on.set()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An entry for each large table that is made."""
    made: list[int] = []
    really = downloads._filter

    def count(wanted: Any, source: Any, size: int, path: Any) -> None:
        made.append(size)
        really(wanted, source, size, path)

    monkeypatch.setattr(downloads, "_filter", count)
    return made


@pytest.fixture
def large(app: Flask, alice: Caller) -> Kept:
    return Kept(app, alice).failed(map(product, range(LARGE)))


def asins_of(products: int) -> list[str]:
    return [f"B{number:09d}" for number in range(products)]


def asins_in(table: bytes) -> list[str]:
    return [line.partition(",")[0] for line in table.decode().splitlines()[1:]]


def tables(home: Home) -> list[Path]:
    return sorted((home.folder / "var" / "downloads").glob("*"))


def finished(kept: Kept) -> Any:
    """The CSV, asked for again as often as the answer says."""
    return until(lambda: kept.get("csv"), lambda answer: answer.status_code != 503)


def test_a_large_table_is_made_once(large: Kept, home: Home, counted: list[int]) -> None:
    first = finished(large)
    assert asins_in(first.data) == asins_of(LARGE)
    again = large.get("csv", Range="bytes=0-3")
    assert (again.status_code, again.data) == (206, b"asin")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert large.get("csv", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert (len(counted), len(tables(home))) == (1, 1)


def test_who_asks_meanwhile_is_told_when_to_come_again(
    large: Kept, stopped: threading.Event, home: Home
) -> None:
    for _ in range(2):
        answer = large.get("csv")
        assert (answer.status_code, answer.get_json()["code"]) == (503, 503)
        said = f"The CSV of runner {large.runner.id} is being made: ask again in 3 s"
        assert answer.get_json()["data"] == said
        assert answer.headers["Retry-After"] == "3"
    assert not list((home.folder / "var" / "downloads").glob("*.csv"))
    stopped.set()
    assert asins_in(finished(large).data) == asins_of(LARGE)


def test_one_user_makes_one_at_a_time_and_holds_up_no_other(
    app: Flask, large: Kept, alice: Caller, bob: Caller, stopped: threading.Event
) -> None:
    second = Kept(app, alice).done(map(product, range(LARGE)))
    of_bob = Kept(app, bob).done(map(product, range(LARGE)))
    of_carl = Kept(app, new_user(app, "carl@example.org")).done(map(product, range(LARGE)))
    small = Kept(app, alice).done()
    assert large.get("csv").status_code == 503
    said = second.get("csv").get_json()["data"]
    assert said.startswith(f"The CSV of runner {large.runner.id} is being made")
    assert of_bob.get("csv").status_code == 503
    assert "Other tables are being made" in of_carl.get("csv").get_json()["data"]
    assert small.get("csv").status_code == 200
    stopped.set()
    for kept in (large, second, of_bob, of_carl):
        assert asins_in(finished(kept).data) == asins_of(LARGE)


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("state", ["done", "torn"])
def test_head_makes_nothing(app: Flask, alice: Caller, home: Home, form: str, state: str) -> None:
    kept = Kept(app, alice)
    getattr(kept, state)()

    def head() -> Any:
        return alice.client.head(kept.path(form), headers={"x-api-key": alice.key})

    before = head()
    assert (before.status_code, before.data) == (200, b"")
    assert ("Content-Length" in before.headers) is (form != "csv")
    assert tables(home) == []
    whole = kept.get(form)
    after = head()
    assert int(after.headers["Content-Length"]) == len(whole.data)
    assert before.headers["ETag"] == after.headers["ETag"] == whole.headers["ETag"]
    assert before.mimetype == whole.mimetype


def test_unchanged_rows_are_no_reason_to_make_a_table(large: Kept, home: Home) -> None:
    etag = large.owner.client.head(
        large.path("csv"), headers={"x-api-key": large.owner.key}
    ).headers["ETag"]
    assert large.get("csv", **{"If-None-Match": etag}).status_code == 304
    assert tables(home) == []


def test_the_table_of_a_run_that_grows_all_the_time_comes(
    large: Kept, stopped: threading.Event, home: Home
) -> None:
    given = Downloads(home.folder / "var" / "grown", 10**9, 0)
    folder = folder_of(large.runner)

    def ask(*, is_growing: bool) -> tuple[str, int]:
        with Rows(folder, "csv") as rows:
            table = given.table(Wanted(1, 1, TableKind.CSV, {}, is_growing), rows)
        with table.file as file:
            return table.version, len(asins_in(file.read()))

    with Rows(folder, "csv") as rows:
        first = rows.version
    for number in range(3):
        with pytest.raises(NotReady):
            ask(is_growing=True)
        with folder.partial_rows.open("ab") as grown:
            grown.write(row(product(LARGE + number)))
    stopped.set()
    assert until(lambda: _quietly(partial(ask, is_growing=True)), bool) == (first, LARGE)
    assert ask(is_growing=True) == (first, LARGE), "asked for again, it is not made again"
    # Once it has ended, nothing may be missing.
    version, count = until(lambda: _quietly(partial(ask, is_growing=False)), bool) or ("", 0)
    assert (version != first, count) == (True, LARGE + 3)


def _quietly(ask: Any) -> Any:
    try:
        return ask()
    except NotReady:
        return None


def test_old_tables_make_room(home: Home, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.keep(map(product, range(1000)))
    run.close()
    folder = RunFolder(tmp_path / "run")
    given = Downloads(tmp_path / "tables", 1, 0)

    def ask(runner: int) -> Any:
        with Rows(folder, "csv") as rows:
            return given.table(Wanted(runner, 1, TableKind.CSV, {}, False), rows).file

    size = ask(0).size
    given.most_bytes = 3 * size
    for runner in range(1, 4):
        ask(runner).close()
        time.sleep(0.01)
    reading = ask(1)
    for runner in (2, 3):
        time.sleep(0.01)
        ask(runner).close()
    held = (tmp_path / "tables").glob("*.csv")
    assert {int(path.name.partition("-")[0]) for path in held} == {1, 2, 3}
    ask(4).close()
    ask(5).close()
    left = {int(path.name.partition("-")[0]) for path in (tmp_path / "tables").glob("*.csv")}
    assert left == {1, 4, 5}, "what is being read goes last"
    assert len(asins_in(reading.read())) == 1000
    # Clients that read nothing hold no more than the limit either.
    silent = [ask(runner) for runner in range(6, 12)]
    on_disk = sum(os.fstat(file._file.fileno()).st_size for file in [reading, *silent])
    assert on_disk <= 3 * size
    with pytest.raises(OSError, match="cut"):
        silent[0].read(1)
    assert len(list((tmp_path / "tables").iterdir())) <= 3
    for file in (reading, *silent):
        file.close()


def test_where_a_table_cannot_be_made_nothing_is_left(
    large: Kept, home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder_of(large.runner).partial_rows.read_bytes()
    folder_of(large.runner).partial_rows.write_bytes(whole + b'{"asin": no row}\n')
    answer = large.get("csv")
    assert answer.status_code == 503
    said = "could not be made, .jsonl has the same rows: ask again in 30 s"
    assert said in answer.get_json()["data"]
    assert str(home.folder) not in answer.text
    assert "Expecting value" in caplog.text
    assert tables(home) == []
    assert large.get("jsonl").status_code == 200
    folder_of(large.runner).partial_rows.write_bytes(whole)
    assert asins_in(finished(large).data) == asins_of(LARGE)


def _why_not(given: Downloads, wanted: Wanted, rows: Rows) -> str:
    """Why there is no table; of a small one an error of the disk."""
    try:
        given.table(wanted, rows).file.close()
    except NotReady as error:
        return str(error)
    except OSError as error:
        return f"could not: {error}"
    return ""


@pytest.mark.parametrize("kind", TableKind)
@pytest.mark.parametrize("products", [10, LARGE])
def test_a_full_disk_leaves_no_table(
    app: Flask,
    alice: Caller,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    products: int,
    kind: TableKind,
) -> None:
    kept = Kept(app, alice).done(map(product, range(products)))
    given = Downloads(home.folder / "var" / "full", 10**9, 0)
    wanted = Wanted(kept.runner.id, 1, kind, {}, is_growing=False)
    with Rows(folder_of(kept.runner), "jsonl") as rows:
        with room_for(200):
            until(lambda: _why_not(given, wanted, rows), lambda said: "could not" in said)
        assert list(given.folder.iterdir()) == []
        monkeypatch.setattr(downloads, "_AFTER_FAILURE_SECONDS", 0)
        table = until(lambda: _quietly(lambda: given.table(wanted, rows)), bool)
    with table.file as file:
        assert file.size > 200


def test_a_killed_maker_leaves_no_table(
    large: Kept, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = subprocess.run

    def killed(command: list[str], **how: Any) -> Any:
        script = "import os, signal; print('asin'); os.kill(os.getpid(), signal.SIGKILL)"
        return really([sys.executable, "-c", script], **how)

    with monkeypatch.context() as patch:
        patch.setattr(downloads.subprocess, "run", killed)
        assert large.get("csv").status_code == 503
    assert tables(home) == []
    monkeypatch.setattr(downloads, "_AFTER_FAILURE_SECONDS", 0)
    assert finished(large).status_code == 200


def test_no_room_is_said_before_anything_is_written(app: Flask, large: Kept, home: Home) -> None:
    app.extensions["services"].downloads.min_free = 10**18
    answer = large.get("csv")
    assert "no room" in answer.get_json()["data"]
    assert tables(home) == []


def test_a_service_begins_without_tables(app: Flask, alice: Caller, home: Home) -> None:
    folder = home.folder / "var" / "downloads"
    folder.mkdir()
    kept = Kept(app, alice).done()
    with Rows(folder_of(kept.runner), "csv") as rows:
        # What a power cut may leave of a file that was never synced.
        (folder / f"{kept.runner.id}-{rows.version}.csv").write_bytes(b"\0" * 100)
    (folder / ".9-abc.csv.xyz").write_bytes(b"half")
    assert asins_in(kept.get("csv").data)[0] == asins_of(2)[1]
    assert len(tables(home)) == 1


def test_prune_removes_tables(app: Flask, alice: Caller, home: Home) -> None:
    kept = Kept(app, alice).done()
    assert kept.get("csv").status_code == 200
    others = home.folder / "var" / "downloads" / f"{kept.runner.id}1-abc.csv"
    others.write_bytes(b"asin")
    assert pruned(kept.store, -5) == 1
    assert tables(home) == [others]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_rows_that_another_attempt_cuts_are_not_mixed_with_its_own(
    app: Flask, alice: Caller, form: str
) -> None:
    folder = folder_of(Kept(app, alice).runner)
    run = Run.create(folder.path, {})
    run.keep(map(product, range(500)))
    run.close()
    rows = Rows(folder, form)
    view = rows.view()
    view.read(100)
    time.sleep(0.01)
    # Without a journal nothing is certain, so that all of it is cut.
    again = Run.resume(folder.path)
    again.keep(product(1000 + number, title="x" * 99) for number in range(500))
    with pytest.raises(OSError, match="another attempt"):
        view.read(100)
    view.close()
    again.close()


def test_the_example_waits_for_a_table(
    app: Flask, large: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0)
    spec = importlib.util.spec_from_file_location("crawl", PROJECT / "examples" / "crawl.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    with served(app, large.owner.key) as server:
        base = f"http://127.0.0.1:{server.port}"
        crawler = example.Crawler(base, large.owner.key)
        crawler.download(f"{base}{large.path('csv')}", tmp_path / "lamps.csv")
        assert asins_in((tmp_path / "lamps.csv").read_bytes()) == asins_of(LARGE)
        absent = large.path("csv").replace("/1/category", "/2/category")
        with pytest.raises(SystemExit, match="There is no runner 2"):
            crawler.download(f"{base}{absent}", tmp_path / "none.csv")
        assert not (tmp_path / "none.csv").exists()


def test_head_of_a_table_that_is_not_made_has_no_body(
    app: Flask, alice: Caller, large: Kept, home: Home
) -> None:
    with served(app, alice.key) as server, server.connect() as client:
        client.sendall(server.begin("HEAD", large.path("csv"), "", ""))
        head = b"".join(iter(lambda: client.recv(4096), b""))
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert b"Content-Length" not in head
    assert tables(home) == []
